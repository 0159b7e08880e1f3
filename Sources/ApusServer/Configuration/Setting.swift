/// One key of the server's configuration: its type, default and help; the one source of flags, variables and docs.
package struct Setting: Sendable {
    /// What a value may be.
    package enum Kind: Sendable {
        case text
        case integer(ClosedRange<Int>)
        case byteCount(ClosedRange<Int>)
        case duration
        case boolean
        case choice([String])
        /// A port, 0 for any free one, or `off`.
        case port
        /// Texts with commas between them; a flag may also come several times.
        case list
    }

    /// The key in files: lower case, underscores.
    package let key: String
    /// What a value may be.
    package let kind: Kind
    /// The default, as it would be written.
    package let defaultValue: String
    /// One line of help.
    package let help: String

    /// The flag: `--http-port`.
    package var flag: String { "--" + key.split(separator: "_").joined(separator: "-") }
    /// The environment variable: `APUS_HTTP_PORT`.
    package var variable: String { "APUS_" + key.uppercased() }
    /// Whether the flag may stand without a value.
    package var isBoolean: Bool {
        if case .boolean = kind { return true }
        return false
    }

    /// Whether the flag may come several times.
    package var isList: Bool {
        if case .list = kind { return true }
        return false
    }

    /// What a value looks like, for help and faults.
    package var form: String {
        switch kind {
        case .text: "text"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .byteCount(let range):
            range.upperBound == .max
                ? "a number of bytes, such as 65536, 64KiB or 1GiB"
                : "a number of bytes from \(range.lowerBound) to \(range.upperBound), such as 65536, 64KiB or 1GiB"
        case .duration: "a duration, such as 500ms, 8s or 2m"
        case .boolean: "true or false"
        case .port: "a port from 1 to 65535, 0 for any free one, or off"
        case .list: "texts with commas between them"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        }
    }
}
