package import ApusCore
package import ApusEngine

/// One thing in a folder of a storage.
package struct StorageEntry: Sendable {
    /// What an entry is, once a symbolic link has been followed.
    package enum Kind: Sendable {
        /// A regular file.
        case file
        /// A folder.
        case folder
        /// A socket, a device, a pipe.
        case other
        /// A symbolic link that leads out of the storage or nowhere; the error says which.
        case unreachable(ModelError)
    }

    /// Its name in the folder; bytes that aren't UTF-8 are replaced, so such an entry can be named but not opened.
    package let name: String
    /// What it is.
    package let kind: Kind
    /// Changes when its content does: made of size and times, or of a store's tag; empty where nothing is known.
    package let stamp: String
    /// When its content was last changed, in seconds since 1970 by the storage's clock; `nil` where nobody knows.
    package let modified: Int64?

    /// Names an entry.
    package init(name: String, kind: Kind, stamp: String = "", modified: Int64? = nil) {
        self.name = name
        self.kind = kind
        self.stamp = stamp
        self.modified = modified
    }

    /// Whether it is a folder.
    package var isFolder: Bool {
        if case .folder = kind { true } else { false }
    }

    /// Whether it is a regular file.
    package var isFile: Bool {
        if case .file = kind { true } else { false }
    }

    /// Whether its name begins with a dot.
    package var isHidden: Bool { name.utf8.first == UInt8(ascii: ".") }
}

/// A regular file that was found beneath the storage's root.
package struct StoredFile: Sendable {
    /// The absolute path, for messages and for libraries that open what lies beside the file by themselves.
    package let path: String
    /// The file itself, open for reading: the path may lead to another one by now.
    package let file: OpenFile
    /// Its size.
    package let byteCount: Int
    /// How many names it has: external data of a model must have one only, since a second one may lie outside.
    package let linkCount: Int

    /// Describes a file.
    package init(path: String, file: OpenFile, byteCount: Int, linkCount: Int) {
        self.path = path
        self.file = file
        self.byteCount = byteCount
        self.linkCount = linkCount
    }
}
