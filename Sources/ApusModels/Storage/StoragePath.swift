package import ApusCore

/// A place in a storage, relative to its root; can't lead out of it by its spelling.
///
/// No component is empty, `.` or `..`, none holds a slash or a zero byte. Whatever came from a client or out of a model's
/// file (the location of external data, say) has to become one of these before it's looked for.
package struct StoragePath: Hashable, Sendable, CustomStringConvertible {
    /// The path as the storage takes it: components joined by `/`; `.` for the root.
    package let description: String

    /// The storage's top folder.
    package static let root = StoragePath(unchecked: ".")

    /// Checks a relative path.
    ///
    /// - Returns: `nil` when it is empty or absolute or one of its components breaks the rule above.
    package init?(_ text: String) {
        let components = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard components.allSatisfy(StoragePath.isComponent) else { return nil }
        self.description = text
    }

    /// The path below this one.
    ///
    /// - Returns: `nil` when `component` isn't exactly one legal component.
    package func appending(_ component: String) -> StoragePath? {
        guard StoragePath.isComponent(component.utf8) else { return nil }
        return joined(component)
    }

    /// The folder of a model in this folder.
    package func appending(_ name: ModelName) -> StoragePath {
        joined(name.description)
    }

    /// The folder of a version in this folder.
    package func appending(_ version: ModelVersion) -> StoragePath {
        joined(version.description)
    }

    private init(unchecked text: String) {
        self.description = text
    }

    private func joined(_ component: String) -> StoragePath {
        StoragePath(unchecked: self == .root ? component : "\(description)/\(component)")
    }

    private static func isComponent(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty, !bytes.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else { return false }
        return !(bytes.count <= 2 && bytes.allSatisfy { $0 == UInt8(ascii: ".") })
    }
}
