package import ApusCore

extension InferenceError {
    /// A picture for a model of which nothing says how to take one.
    package static func noImageModel(_ model: ModelDescription) -> InferenceError {
        InferenceError(
            .unsupportedMediaType,
            "model '\(model.id.name)' takes no pictures: its apus.yaml has no 'image'",
            field: "Content-Type",
            expected: "application/json, text/csv, application/octet-stream",
            hint:
                "for a model of pictures write into \(model.id.name)/apus.yaml how one becomes its input, for example "
                + "'image: {width: 224, height: 224, layout: NCHW, mean: 127.5, scale: 1/127.5}'"
        )
    }

    /// A file of another kind than the request says.
    static func mislabelled(_ found: ImageFormat, declared: ImageFormat) -> InferenceError {
        InferenceError(
            .unsupportedMediaType,
            "the Content-Type says \(declared.mediaType), and the body is a \(found.rawValue)",
            field: "Content-Type",
            expected: found.mediaType,
            got: declared.mediaType
        )
    }

    /// Something that is no picture.
    static func noPicture(_ file: Span<UInt8>, declared: ImageFormat) -> InferenceError {
        let first = (0..<min(4, file.count)).map { file[$0] < 16 ? "0\(hex(file[$0]))" : hex(file[$0]) }
        let text = first.isEmpty ? "nothing" : first.joined(separator: " ")
        return InferenceError(
            .invalidArgument,
            "the body is no \(declared.rawValue) file: it begins with \(text)",
            field: "body",
            expected: declared == .jpeg ? "ff d8 ff" : "89 50 4e 47",
            got: text,
            hint: "send the file as it is (curl --data-binary @FILE), not as text, form or base64"
        )
    }

    private static func hex(_ byte: UInt8) -> String { String(byte, radix: 16) }

    /// A file that has the right beginning and can't be decoded.
    static func undecodable(_ format: ImageFormat, _ reason: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "the \(format.rawValue) can't be decoded: \(reason)",
            field: "body",
            expected: "a whole \(format.rawValue) file",
            hint: "the file is cut off or damaged; if other programs show it, save it anew with one of them"
        )
    }

    /// A sound file of a rare kind.
    static func unreadable(_ what: String, expected: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "\(what) isn't read",
            field: "body",
            expected: expected,
            got: what,
            hint: "convert the picture, for example with ImageMagick: convert IN -colorspace sRGB -depth 8 OUT.jpg"
        )
    }

    /// A JPEG for printing.
    static func colourSpace(components: Int) -> InferenceError {
        unreadable(
            components == 4 ? "a JPEG in the colour space CMYK" : "a JPEG of \(components) components",
            expected: "grey, or colour in RGB or YCbCr"
        )
    }

    /// A picture that would take too much memory.
    static func tooManyPixels(width: Int, height: Int, most: Int) -> InferenceError {
        InferenceError(
            .tooLarge,
            "the picture has \(width) × \(height) pixels; max_image_pixels is \(most), and no side may have more than "
                + "\(ImageOutline.longestSide)",
            field: "body",
            expected: "at most \(most) pixels",
            got: "\(width) × \(height)",
            hint: "scale it down before sending it: the model sees it in its own size anyway"
        )
    }

    /// A decoder that isn't installed.
    static func missingLibrary(_ format: ImageFormat, file: String, package: String) -> InferenceError {
        InferenceError(
            .unsupported,
            "\(format.rawValue) needs \(file), which this machine doesn't have",
            field: "Content-Type",
            hint:
                "install it on the server, on Debian and Ubuntu with 'apt-get install \(package)'; no restart is needed"
        )
    }
}
