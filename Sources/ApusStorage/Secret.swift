/// A value that must not come to light: it prints as `***`, also inside of other values and in a debugger's description.
package struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: Value

    /// Hides a value.
    package init(_ value: Value) {
        self.value = value
    }

    /// The value itself, for the one who computes with it or sends it.
    package var reveal: Value { value }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Equatable where Value: Equatable {}
extension Secret: Hashable where Value: Hashable {}
