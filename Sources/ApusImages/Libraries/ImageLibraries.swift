package import ApusCore

/// The libraries that decode pictures, looked up when the first picture comes: a server whose models take none needs
/// none.
package final class ImageLibraries: Sendable {
    private let jpegName: String
    private let pngName: String
    private let foundJPEG: FoundLibrary<TurboJPEG>
    private let foundPNG: FoundLibrary<SPNG>

    /// Names the libraries as the system's loader knows them.
    package init(
        jpeg: String = "libturbojpeg.so.0",
        png: String = "libspng.so.0",
        time: any TimeSource = SystemTime()
    ) {
        self.jpegName = jpeg
        self.pngName = png
        self.foundJPEG = FoundLibrary(time: time) { TurboJPEG(name: jpeg) }
        self.foundPNG = FoundLibrary(time: time) { SPNG(name: png) }
    }

    /// Whether a format's decoder is there already, so that asking for it reads no file.
    func hasFound(_ format: ImageFormat) -> Bool {
        switch format {
        case .jpeg: foundJPEG.isFound
        case .png: foundPNG.isFound
        }
    }

    /// The decoder of JPEG; not for an event loop before it has been found.
    ///
    /// - Throws: `unsupported` with what to install; looks again when it is asked a second later.
    func jpeg() throws(InferenceError) -> TurboJPEG {
        guard let library = foundJPEG.look() else {
            throw InferenceError.missingLibrary(.jpeg, file: jpegName, package: "libturbojpeg0")
        }
        return library
    }

    /// The decoder of PNG; not for an event loop before it has been found.
    ///
    /// - Throws: `unsupported` with what to install; looks again when it is asked a second later.
    func png() throws(InferenceError) -> SPNG {
        guard let library = foundPNG.look() else {
            throw InferenceError.missingLibrary(.png, file: pngName, package: "libspng0")
        }
        return library
    }
}
