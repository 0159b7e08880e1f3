internal import ApusCore
internal import ApusModels
internal import ApusProtocol

/// The names of an output's classes: `label_filename` of `config.pbtxt`, one a line, for the classification extension.
enum ClassLabels {
    /// The most bytes that are read of a file.
    static let maxBytes = 16 << 20

    /// Reads the files that a configuration names, by output.
    ///
    /// - Throws: `invalidConfiguration` when one isn't there or isn't text.
    static func read(
        _ outputs: [ModelConfiguration.Output],
        in folder: ModelFolder
    ) throws(ModelError) -> [String: [String]] {
        var labels: [String: [String]] = [:]
        for output in outputs where !output.labelFilename.isEmpty {
            let place = "label_filename of output '\(output.name)'"
            let bytes: [UInt8]?
            do throws(ModelError) {
                bytes = try folder.contents(of: output.labelFilename, byteLimit: maxBytes)
            } catch {
                throw ModelError(.invalidConfiguration, "\(place): \(error.message)", cause: error)
            }
            guard let bytes else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place): the folder of model '\(folder.name)' has no file '\(output.labelFilename)'"
                )
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ModelError(.invalidConfiguration, "\(place): '\(output.labelFilename)' is not text in UTF-8")
            }
            labels[output.name] = lines(of: text)
        }
        return labels
    }

    /// The lines of a text; the end of the last one begins no other.
    static func lines(of text: String) -> [String] {
        // By bytes: to Swift, a line's end of two characters is one of its own.
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
