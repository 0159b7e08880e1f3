/// Bytes that nobody is to see: prints as `***`, also inside of other values and in a debugger's description.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The bytes, for the one who computes with them.
    let bytes: [UInt8]

    /// Hides bytes.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
