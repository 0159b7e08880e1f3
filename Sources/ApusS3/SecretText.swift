/// A text that must not come to light: it prints as `***`, and only `reveal` gives it.
package struct SecretText: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    private let text: String

    /// Wraps a secret.
    package init(_ text: String) {
        self.text = text
    }

    /// The text itself, for the one who signs or sends it.
    package var reveal: String { text }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
