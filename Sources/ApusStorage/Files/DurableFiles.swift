/// The one place that knows in which order things have to be written so that a power cut leaves the old or the new.
///
/// A file: temporary name, bytes, sync, rename, sync of the folder; the folders above it synced too, whether they are new
/// or not, since whoever made them may have been killed before its sync.
package struct DurableFiles: Sendable {
    /// How deep a tree may be that is removed.
    static let maxDepth = 512

    /// Where everything lies.
    package let files: any FileSystem

    /// Writes through a file system.
    package init(_ files: any FileSystem) {
        self.files = files
    }

    /// Makes a folder below another one, with those between them, durably.
    ///
    /// - Parameters:
    ///   - path: Components joined by `/`; empty for none.
    ///   - root: A folder that is there.
    /// - Throws: `invalid` when something on the way isn't a folder, or what the system says.
    package func makeFolders(_ path: String, in root: String) throws(StorageError) {
        var folder = root
        for component in path.split(separator: "/") {
            let parent = folder
            folder += "/\(component)"
            switch try files.status(of: folder)?.kind {
            case .folder: break
            case nil: try files.makeFolder(folder)
            default:
                throw StorageError(
                    .invalid,
                    "'\(folder)' isn't a folder, or is a symbolic link to one, which isn't followed: put a folder there"
                )
            }
            try files.syncFolder(parent)
        }
    }

    /// Makes a folder with those above it, durably.
    package func makeFolders(_ path: String) throws(StorageError) {
        var missing: [Substring] = []
        var folder = path
        while folder.count > 1, try files.status(of: folder) == nil {
            guard let slash = folder.lastIndex(of: "/") else { break }
            missing.insert(folder[folder.index(after: slash)...], at: 0)
            folder = String(folder[..<slash])
        }
        // One above is synced again too: it may have been made a moment ago by somebody who didn't get to it.
        if missing.isEmpty, path.count > 1 { try files.syncFolder(DurableFiles.parent(of: path)) }
        for component in missing {
            let parent = folder.isEmpty ? "/" : folder
            folder += "/\(component)"
            try files.makeFolder(folder)
            try files.syncFolder(parent)
        }
    }

    /// Writes a whole file in the place of what is there.
    ///
    /// - Parameters:
    ///   - path: Its place, in a folder that is there.
    ///   - bytes: Everything that it is to hold.
    ///   - temporary: A name beside it that nobody else uses at the same time; what lies there is overwritten.
    /// - Throws: What the system says; what was there is still there, unless only the last sync failed.
    package func replace(_ path: String, with bytes: [UInt8], temporary: String) throws(StorageError) {
        let file = try files.open(temporary, .either)
        try file.truncate(to: 0)
        try file.write(bytes)
        try file.sync()
        try files.rename(temporary, to: path, isExclusive: false)
        try files.syncFolder(DurableFiles.parent(of: path))
    }

    /// Removes a file, durably; nothing happens when there is none.
    package func removeFile(_ path: String) throws(StorageError) {
        try files.removeFile(path)
        try files.syncFolder(DurableFiles.parent(of: path))
    }

    /// Removes a folder with all it holds; not durably, so it had better have a name by then that means nothing.
    package func removeTree(_ path: String, depth: Int = 0) throws(StorageError) {
        guard depth < DurableFiles.maxDepth else {
            throw StorageError(
                .invalid,
                "'\(path)' lies deeper than \(DurableFiles.maxDepth) folders: remove it by hand"
            )
        }
        guard try files.status(of: path)?.kind == .folder else { return try files.removeFile(path) }
        for name in try files.names(in: path) { try removeTree("\(path)/\(name)", depth: depth + 1) }
        try files.removeFolder(path)
    }

    /// The folder that something lies in.
    package static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
