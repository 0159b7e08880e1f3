internal import ApusCore
internal import Logging

/// Builds one line of the log in either format; everything that goes in passes an encoder.
struct LogLine {
    private var text: TextBytes
    private let format: LogFormat

    /// Begins a line.
    ///
    /// - Parameters:
    ///   - format: How the line looks.
    ///   - milliseconds: When, in milliseconds since 1970.
    ///   - level: How serious it is.
    ///   - sentence: A static sentence; facts belong under keys.
    init(format: LogFormat, at milliseconds: Int64, level: Logger.Level, sentence: String) {
        self.format = format
        self.text = TextBytes(capacity: 384)
        switch format {
        case .readable:
            text.append(timestamp: milliseconds)
            text.append(character: " ")
            text.append(level.column)
            text.append(character: " ")
            text.append(readable: sentence, allowingSpaces: true, limit: LogLine.maxSentenceLength)
        case .json:
            text.append("{\"time\":\"")
            text.append(timestamp: milliseconds)
            text.append("\",\"level\":\"")
            text.append(level.rawValue)
            text.append("\",\"message\":")
            text.append(quoting: sentence, limit: LogLine.maxSentenceLength)
        }
    }

    /// The longest sentence; they are static, this is for the one that isn't.
    private static let maxSentenceLength = 4096

    /// Adds text under a key.
    mutating func add(_ key: LogKey, _ value: String) {
        begin(key)
        switch format {
        case .readable: text.append(readable: value)
        case .json: text.append(quoting: value)
        }
    }

    /// Adds a count under a key.
    mutating func add(_ key: LogKey, count: UInt64) {
        begin(key)
        text.append(decimal: count)
    }

    /// Adds nanoseconds under a key, as milliseconds with three decimals.
    mutating func add(_ key: LogKey, millisecondsOf nanoseconds: UInt64) {
        begin(key)
        text.append(millisecondsOf: nanoseconds)
    }

    /// Adds tensors under a key: `features[1,4];mask[1,4]`, in JSON a list of strings.
    mutating func add(_ key: LogKey, tensors: [TensorSummary]) {
        begin(key)
        switch format {
        case .readable:
            text.append(readable: tensors)
        case .json:
            text.append(character: "[")
            for (position, tensor) in tensors.enumerated() {
                if position > 0 { text.append(character: ",") }
                text.append(quoting: tensor)
            }
            text.append(character: "]")
        }
    }

    /// Adds a value of swift-log's kind under a key; nested ones are JSON in both formats.
    mutating func add(_ key: LogKey, _ value: Logger.MetadataValue) {
        switch value {
        case .string(let plain):
            add(key, plain)
        case .stringConvertible(let described):
            add(key, described.description)
        case .dictionary, .array:
            var nested = TextBytes(capacity: 128)
            nested.append(json: value)
            switch format {
            case .readable: add(key, String(decoding: nested.bytes, as: UTF8.self))
            case .json:
                begin(key)
                text.append(encoded: nested.bytes)
            }
        }
    }

    /// Ends the line.
    ///
    /// - Returns: The bytes, with the line break that is the only one among them.
    consuming func finish() -> [UInt8] {
        if format == .json { text.append(character: "}") }
        text.append(character: "\n")
        return text.bytes
    }

    private mutating func begin(_ key: LogKey) {
        text.append(encoded: format == .json ? key.json : key.readable)
    }
}
