/// The name of a key that files are encrypted with.
package struct KeyID: Hashable, Sendable, CustomStringConvertible {
    /// The most bytes of a name.
    package static let maxLength = 64
    /// The rule, for messages.
    package static let rule = "1 to \(maxLength) of A-Z, a-z, 0-9, '.', '_' and '-', '-' not as the first"

    /// The name.
    package let description: String

    /// Checks a name; `nil` when it breaks the rule.
    package init?(_ text: String) {
        guard (1...KeyID.maxLength).contains(text.utf8.count), text.utf8.allSatisfy(KeyID.isAllowed) else { return nil }
        // A command that is asked for the key would take it for an option.
        guard text.utf8.first != UInt8(ascii: "-") else { return nil }
        self.description = text
    }

    /// The variable of the environment that holds this key: `APUS_KEY_` and the name in capitals, `.` and `-` as `_`.
    package var variable: String {
        let name = description.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 }
        return "APUS_KEY_\(String(name))"
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}
