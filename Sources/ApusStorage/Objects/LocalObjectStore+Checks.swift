extension LocalObjectStore {
    /// Fails unless a write's condition holds.
    func expect(_ condition: WriteCondition, _ key: ObjectKey) throws(StorageError) {
        switch condition {
        case .always:
            return
        case .absent:
            guard try describe(key) != nil else { return }
            throw StorageError(.conditionFailed, "'\(key)' is in '\(location)' already, and was to be written if not")
        case .unchanged(let tag):
            guard try describe(key)?.tag != tag else { return }
            throw StorageError(
                .conditionFailed,
                "'\(key)' in '\(location)' isn't in the state any more that it was to be changed from: look again"
            )
        }
    }

    /// Fails unless an object is as it was announced.
    func expectUnchanged(_ object: StoredObject) throws(StorageError) {
        guard let now = try describe(object.key), now.tag == object.tag else { throw changed(object.key) }
        guard now.byteCount == object.byteCount else {
            throw StorageError(
                .damaged,
                "'\(object.key)' in '\(location)' has \(now.byteCount) bytes where \(object.byteCount) were announced"
            )
        }
    }

    /// Fails for a key that can't be an object here.
    func expectVisible(_ key: ObjectKey) throws(StorageError) {
        guard LocalObjectStore.isHidden(key) else { return }
        throw StorageError(
            .invalid,
            "'\(key)' can't be written to '\(location)': names that begin with a dot are hidden there"
        )
    }

    /// Whether every folder on the way to an object is there and really a folder.
    func findFolder(of key: ObjectKey) throws(StorageError) -> Bool {
        var folder = root
        for component in LocalObjectStore.folder(of: key).split(separator: "/") {
            folder += "/\(component)"
            switch try files.status(of: folder)?.kind {
            case .folder: continue
            case .other: throw refusal(folder)
            case .file, nil: return false
            }
        }
        return true
    }

    /// Opens an object; `nil` when it is gone.
    func open(_ key: ObjectKey) throws(StorageError) -> (any ReadableFile)? {
        do throws(StorageError) {
            return try files.openForReading(path(key))
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Where an object lies.
    func path(_ key: ObjectKey) -> String { "\(root)/\(key)" }

    /// Says that an object was another before and after.
    func changed(_ key: ObjectKey) -> StorageError {
        StorageError(.changed, "'\(key)' in '\(location)' was written or removed while it was read: try again")
    }

    /// Says that something may lead out.
    func refusal(_ path: String) -> StorageError {
        StorageError(
            .invalid,
            "'\(path)' is a symbolic link or no file: nothing is read or written through it; put a copy there"
        )
    }

    /// The path of the folder that an object lies in, empty for the root.
    static func folder(of key: ObjectKey) -> String {
        key.description.lastIndex(of: "/").map { String(key.description[..<$0]) } ?? ""
    }

    /// Whether a component begins with a dot.
    static func isHidden(_ key: ObjectKey) -> Bool {
        key.description.utf8.first == UInt8(ascii: ".") || key.description.contains("/.")
    }

    /// Describes a file as an object.
    static func object(_ key: ObjectKey, _ status: FileStatus) -> StoredObject {
        let numbers = [UInt64(bitPattern: Int64(status.byteCount)), UInt64(bitPattern: status.modified), status.number]
        return StoredObject(
            key: key,
            byteCount: status.byteCount,
            tag: EntityTag(numbers.map { String($0, radix: 16) }.joined(separator: "-")),
            modified: status.modified / 1_000_000_000
        )
    }
}
