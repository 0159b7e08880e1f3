package import ApusCore

/// Makes a model's input of a picture: decodes, resizes, and writes the tensor.
package struct ImageDecoder: Sendable {
    private let libraries: ImageLibraries
    private let maxPixels: Int

    /// Pictures of at most so many pixels, the model's own added, are decoded where they are.
    ///
    /// Measured: JPEG takes 4 to 14 ns a pixel, PNG up to 34, so that is a quarter of a millisecond at most and mostly
    /// much less.
    private static let smallPixels = 8 << 10
    /// Files above this aren't small, whatever their pixels are.
    private static let smallBytes = 32 << 10

    /// Makes a decoder of pictures that have at most `maxPixels` pixels.
    package init(libraries: ImageLibraries, maxPixels: Int) {
        self.libraries = libraries
        self.maxPixels = maxPixels
    }

    /// Reads a file's header.
    ///
    /// - Throws: What keeps it from being decoded, as far as the header tells.
    package func outline(_ file: Span<UInt8>, as format: ImageFormat) throws(InferenceError) -> ImageOutline {
        try ImageOutline(file, as: format, maxPixels: maxPixels)
    }

    /// Whether decoding is too much for an event loop; so is the search for a library that hasn't been found yet.
    package func isLong(_ outline: ImageOutline, byteCount: Int, for input: ImageInput) -> Bool {
        !libraries.hasFound(outline.format) || byteCount > ImageDecoder.smallBytes
            || outline.width * outline.height + input.width * input.height > ImageDecoder.smallPixels
    }

    /// Decodes a whole file.
    ///
    /// - Parameters:
    ///   - file: The file that the outline is of.
    ///   - outline: What its header says.
    ///   - input: What it becomes.
    ///   - memory: Where the tensor's memory comes from; what decoding takes for a while is charged there, too.
    /// - Returns: The input of one picture.
    /// - Throws: `invalidArgument` for a file that isn't whole, `resourceExhausted` without memory, `unsupported` without
    ///   the library.
    package func decode(
        _ file: Span<UInt8>,
        outline: ImageOutline,
        for input: ImageInput,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        let outcome: Result<Tensor, InferenceError> = unsafe file.withUnsafeBufferPointer { bytes in
            do throws(InferenceError) {
                return .success(try unsafe decode(file, at: bytes, outline: outline, for: input, memory: &memory))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func decode(
        _ file: Span<UInt8>,
        at bytes: UnsafeBufferPointer<UInt8>,
        outline: ImageOutline,
        for input: ImageInput,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        let resizing = ImageResizer.byteCount(
            from: (outline.width, outline.height),
            to: (input.width, input.height),
            channels: outline.channels
        )
        let charge: ByteCharge?
        let pixels: TensorStorage
        switch outline.format {
        case .jpeg:
            let library = try libraries.jpeg()
            let scans = JPEGScans(file)
            guard scans.count <= JPEGScans.most else {
                throw InferenceError.undecodable(.jpeg, "it has more than \(JPEGScans.most) scans")
            }
            let coefficients = scans.coefficientBytes(of: outline)
            charge = try memory.chargeForAWhile(outline.pixelBytes + coefficients + resizing)
            pixels = try unsafe ImageDecoder.pixels(jpeg: bytes, outline: outline, by: library)
        case .png:
            let library = try libraries.png()
            let ranges = try PNGOutline.essentialRanges(file)
            // Two rows of at most 8 bytes a pixel beside the picture.
            charge = try memory.chargeForAWhile(outline.pixelBytes + outline.width * 16 + resizing)
            pixels = try unsafe ImageDecoder.pixels(png: bytes, ranges: ranges, outline: outline, by: library)
        }
        let tensor = try tensor(from: pixels, outline: outline, for: input, memory: &memory)
        _ = consume charge
        return tensor
    }

    private static func pixels(
        jpeg file: UnsafeBufferPointer<UInt8>,
        outline: ImageOutline,
        by library: TurboJPEG
    ) throws(InferenceError) -> TensorStorage {
        let pixels = try makePixels(outline)
        try unsafe pixels.withUnsafeMutableBytes { target throws(InferenceError) in
            try unsafe library.decode(file, outline: outline, into: target)
        }
        return pixels
    }

    private static func pixels(
        png file: UnsafeBufferPointer<UInt8>,
        ranges: [Range<Int>],
        outline: ImageOutline,
        by library: SPNG
    ) throws(InferenceError) -> TensorStorage {
        let pixels = try makePixels(outline)
        try unsafe pixels.withUnsafeMutableBytes { target throws(InferenceError) in
            try unsafe library.decode(file, ranges: ranges, outline: outline, into: target)
        }
        return pixels
    }

    private static func makePixels(_ outline: ImageOutline) throws(InferenceError) -> TensorStorage {
        guard let pixels = TensorStorage(byteCount: outline.pixelBytes, alignment: 64) else {
            throw InferenceError(.resourceExhausted, "no memory for the request")
        }
        return pixels
    }

    /// Resizes a picture, whose memory it writes on, and makes numbers of it.
    private func tensor(
        from pixels: TensorStorage,
        outline: ImageOutline,
        for input: ImageInput,
        memory: inout RequestMemory
    ) throws(InferenceError) -> Tensor {
        guard let byteCount = input.shape.byteCount(of: input.dataType) else {
            throw InferenceError(.internalFailure, "a picture can't become \(input.dataType.rawValue)")
        }
        let storage = try memory.allocate(byteCount: byteCount, alignment: input.dataType.alignment)
        unsafe pixels.withUnsafeMutableBytes { source in
            var channels = outline.channels
            if channels == 3, input.color == .grey {
                unsafe Grey.convert(source.bindMemory(to: UInt8.self))
                channels = 1
            }
            let sizes = ((outline.width, outline.height), (input.width, input.height))
            let resizer = ImageResizer(from: sizes.0, to: sizes.1, channels: channels)
            let writer = ImageTensorWriter(input, channels: channels)
            guard let first = source.baseAddress else { return }
            unsafe storage.withUnsafeMutableBytes { target in
                unsafe writer.write(first.assumingMemoryBound(to: UInt8.self), by: resizer, to: target)
            }
        }
        return Tensor(dataType: input.dataType, shape: input.shape, storage: storage)
    }
}

/// Makes grey of colour: luma of ITU-R BT.601 in whole numbers of 2^-16, as Pillow has it.
enum Grey {
    /// Puts the grey values of red, green and blue into the first third of their memory.
    static func convert(_ pixels: UnsafeMutableBufferPointer<UInt8>) {
        for index in 0..<pixels.count / 3 {
            let (red, green, blue) = unsafe (pixels[index * 3], pixels[index * 3 + 1], pixels[index * 3 + 2])
            let sum = 19_595 * UInt32(red) + 38_470 * UInt32(green) + 7471 * UInt32(blue) + 0x8000
            unsafe pixels[index] = UInt8(truncatingIfNeeded: sum >> 16)
        }
    }
}
