internal import ApusCore
internal import Synchronization

/// The libraries that decode pictures, looked up when the first picture comes: a server whose models take none needs
/// none.
package final class ImageLibraries: Sendable {
    private struct Found {
        var jpeg: TurboJPEG?
        var png: SPNG?
    }

    private let jpegName: String
    private let pngName: String
    private let found = Mutex(Found())

    /// Names the libraries as the system's loader knows them.
    package init(jpeg: String = "libturbojpeg.so.0", png: String = "libspng.so.0") {
        self.jpegName = jpeg
        self.pngName = png
    }

    /// The decoder of JPEG.
    ///
    /// - Throws: `unsupported` with what to install; looks again the next time.
    func jpeg() throws(InferenceError) -> TurboJPEG {
        let library = found.withLock { found in
            if found.jpeg == nil { found.jpeg = TurboJPEG(name: jpegName) }
            return found.jpeg
        }
        guard let library else {
            throw InferenceError.missingLibrary(.jpeg, file: jpegName, package: "libturbojpeg0")
        }
        return library
    }

    /// The decoder of PNG.
    ///
    /// - Throws: `unsupported` with what to install; looks again the next time.
    func png() throws(InferenceError) -> SPNG {
        let library = found.withLock { found in
            if found.png == nil { found.png = SPNG(name: pngName) }
            return found.png
        }
        guard let library else { throw InferenceError.missingLibrary(.png, file: pngName, package: "libspng0") }
        return library
    }
}
