/// The name of an object in a store, relative to the store's prefix; can't lead out of a folder by its spelling.
///
/// Components joined by `/`; none is empty, `.` or `..`, none holds a zero byte, a backslash or a control character. At most 900 bytes of UTF-8
/// (S3's limit is 1,024 with the prefix).
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The most bytes of a key.
    package static let maxBytes = 900

    /// The key as the store takes it.
    package let description: String

    /// Checks a key.
    ///
    /// - Returns: `nil` when it is empty, too long, absolute, or one of its components breaks the rule above.
    package init?(_ text: String) {
        guard text.utf8.count <= ObjectKey.maxBytes else { return nil }
        let components = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard components.allSatisfy(ObjectKey.isComponent) else { return nil }
        self.description = text
    }

    /// The key below this one; `nil` when `path` isn't legal or the whole is too long.
    package func appending(_ path: String) -> ObjectKey? {
        ObjectKey("\(description)/\(path)")
    }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    private static func isComponent(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }) else {
            return false
        }
        return !(bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") })
    }
}
