/// A model's name as it may appear in a URL, a folder and a metric label.
///
/// Only `[A-Za-z0-9._-]{1,255}` except `.` and `..` passes, so that a name that came from a client can never leave the
/// repository's folder nor break a log line.
package struct ModelName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The longest name accepted, in bytes.
    package static let maxLength = 255

    /// The name itself.
    package let description: String

    /// Checks a name; `nil` when the text breaks the rule above.
    ///
    /// - Parameter name: The decoded text: percent-escapes are the caller's to resolve.
    package init?(_ name: String) {
        guard !name.isEmpty, name.utf8.count <= ModelName.maxLength, name != ".", name != ".." else { return nil }
        for byte in name.utf8 where !ModelName.isAllowed(byte) { return nil }
        self.description = name
    }

    package static func < (lhs: ModelName, rhs: ModelName) -> Bool {
        lhs.description < rhs.description
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
