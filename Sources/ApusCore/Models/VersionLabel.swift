/// A name that points to a version of a model, for example `stable`; where it points can change while the model serves.
///
/// Only `[A-Za-z0-9._-]{1,128}` passes, and not digits alone: those are a version's number.
package struct VersionLabel: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The longest label accepted, in bytes.
    package static let maxLength = 128

    /// The rule, for messages.
    package static let rule = "1 to \(maxLength) of A-Z, a-z, 0-9, '.', '_' and '-', and not digits alone"

    /// The label itself.
    package let description: String

    /// Checks a label; `nil` when the text breaks the rule above.
    ///
    /// - Parameter text: The decoded text: percent-escapes are the caller's to resolve.
    package init?(_ text: String) {
        guard text.utf8.count <= VersionLabel.maxLength, let name = ModelName(text),
            !name.description.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.description = text
    }

    package static func < (lhs: VersionLabel, rhs: VersionLabel) -> Bool {
        lhs.description < rhs.description
    }
}
