package import ApusCore
internal import ApusEngine
internal import CLinux
internal import Glibc

/// A folder on this machine.
///
/// The folder is opened once; everything in it is opened beneath that descriptor, so a symbolic link, `..` or a folder
/// swapped while the server looks can't lead out of it. The root itself may be a link: the operator named it.
package final class LocalModelStorage: ModelStorage {
    /// The most entries that a folder may have.
    package static let maxEntries = 100_000

    package let location: String
    package let name: String
    private let root: Descriptor

    /// Opens a folder.
    ///
    /// - Parameter path: Absolute, or relative to the working directory as it is now.
    /// - Throws: `RuntimeFailure.Code.repository` when there is no such folder.
    package init(path: String) throws(RuntimeFailure) {
        guard let resolved = unsafe realpath(path, nil) else {
            throw RuntimeFailure(Errno.last, openingRepository: path)
        }
        defer { unsafe free(resolved) }
        let location = unsafe String(cString: resolved)
        let number = unsafe open(resolved, CLinux_pathOnly() | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw RuntimeFailure(Errno.last, openingRepository: path) }
        self.root = Descriptor(owning: number)
        self.location = location
        self.name = location.split(separator: "/").last.map(String.init) ?? ""
    }

    package func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry] {
        var names: [Name] = []
        do throws(Errno) {
            let descriptor = try Descriptor(beneath: root, folder, flags: O_RDONLY | O_DIRECTORY)
            names = try readNames(in: descriptor)
        } catch {
            throw ModelError(error, at: folder, in: location)
        }
        guard names.count <= LocalModelStorage.maxEntries else {
            throw ModelError(
                .unreadable,
                "'\(folder)' in '\(location)' has more than \(LocalModelStorage.maxEntries) entries"
            )
        }
        names.sort { $0.name < $1.name }
        return names.map { entry($0, in: folder) }
    }

    package func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        let descriptor = try openFile(file)
        let byteCount = try regularFileStatus(of: descriptor, at: file).byteCount
        guard byteCount <= byteLimit else {
            throw ModelError(
                .unreadable,
                "'\(file)' in '\(location)' has \(byteCount) bytes; the most that is read of such a file is \(byteLimit)"
            )
        }
        do throws(Errno) {
            return try descriptor.readAll(expecting: Int(byteCount), limit: byteLimit)
        } catch {
            throw ModelError(error, at: file, in: location)
        }
    }

    package func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        let descriptor = try openFile(file)
        let status = try regularFileStatus(of: descriptor, at: file)
        return StoredFile(
            path: location == "/" ? "/\(file)" : "\(location)/\(file)",
            file: OpenFile(owning: descriptor.release()),
            byteCount: Int(status.byteCount),
            linkCount: Int(clamping: status.linkCount)
        )
    }

    // MARK: - Opening

    /// Opens for reading, and so notices at once when the permission is missing; a pipe doesn't block it.
    private func openFile(_ file: StoragePath) throws(ModelError) -> Descriptor {
        do throws(Errno) {
            return try Descriptor(beneath: root, file, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            throw ModelError(error, at: file, in: location)
        }
    }

    private func regularFileStatus(
        of descriptor: borrowing Descriptor,
        at path: StoragePath
    ) throws(ModelError) -> CLinux_Status {
        let status: CLinux_Status
        do throws(Errno) {
            status = try descriptor.status()
        } catch {
            throw ModelError(error, at: path, in: location)
        }
        guard status.kind == CLinux_isFile else { throw ModelError.notAFile(path, in: location) }
        return status
    }

    // MARK: - Listing

    /// A name in a folder, and what the folder says of it.
    private struct Name {
        let name: String
        let status: CLinux_Status
    }

    /// Names and what they stand for, without `.` and `..`; stops one beyond the limit.
    private func readNames(in folder: borrowing Descriptor) throws(Errno) -> [Name] {
        // The stream takes a descriptor of its own, since it closes the one it is given.
        let copy = dup(folder.number)
        guard copy >= 0 else { throw Errno.last }
        guard let stream = unsafe fdopendir(copy) else {
            let error = Errno.last
            _ = close(copy)
            throw error
        }
        defer { unsafe closedir(stream) }
        var names: [Name] = []
        while names.count <= LocalModelStorage.maxEntries {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw Errno.last }
                break
            }
            let name = unsafe String(cString: CLinux_entryName(entry))
            guard name != ".", name != ".." else { continue }
            names.append(Name(name: name, status: unsafe CLinux_statusAt(folder.number, CLinux_entryName(entry))))
        }
        return names
    }

    /// Follows a link beneath the root to see what it stands for; other entries are what the folder says.
    private func entry(_ found: Name, in folder: StoragePath) -> StorageEntry {
        var status = found.status
        if status.kind == CLinux_isLink || status.error != 0, let path = folder.appending(found.name) {
            do throws(Errno) {
                status = try Descriptor(beneath: root, path, flags: CLinux_pathOnly()).status()
            } catch {
                return StorageEntry(name: found.name, kind: .unreachable(ModelError(error, at: path, in: location)))
            }
        }
        let kind: StorageEntry.Kind =
            switch status.kind {
            case CLinux_isFile: .file
            case CLinux_isFolder: .folder
            default: .other
            }
        return StorageEntry(
            name: found.name,
            kind: kind,
            stamp: "\(status.byteCount)-\(status.modified)-\(status.number)",
            modified: status.modified / 1_000_000_000
        )
    }
}
