internal import ApusStorage
internal import Synchronization

extension ObjectStoreConformance {
    /// An object is described and read as it was written, small and empty; what isn't there is absent; limits hold.
    package func checkReading() throws(ConformanceFailure) {
        for (name, bytes) in [("read/empty", []), ("read/one", [7]), ("read/some", Self.bytes(70_000, seed: 1))] {
            let key = try key(name)
            let object = try place(bytes, at: key)
            try expect(object.key == key, "'\(key)' is described as '\(object.key)'")
            try expect(object.byteCount == bytes.count, "'\(key)' has \(bytes.count) bytes, not \(object.byteCount)")
            try expect(!object.tag.description.isEmpty, "'\(key)' has an empty tag")
            let found = try read(key)
            try expect(found.bytes == bytes, "'\(key)' reads otherwise than it was written")
            try expect(found.tag == object.tag, "'\(key)' reads with tag \(found.tag), described with \(object.tag)")
            let again = try attempt("reading '\(key)' again") { () throws(StorageError) in
                try store.read(key, byteLimit: bytes.count, unless: object.tag)
            }
            guard case .unchanged = again else {
                throw ConformanceFailure("\(store.location): '\(key)' isn't unchanged for who knows its tag")
            }
            let other = try attempt("reading '\(key)' with another tag") { () throws(StorageError) in
                try store.read(key, byteLimit: bytes.count, unless: EntityTag("no-such-state"))
            }
            guard case .bytes(bytes, object.tag) = other else {
                throw ConformanceFailure("\(store.location): '\(key)' isn't given to who knows another state of it")
            }
            guard !bytes.isEmpty else { continue }
            try expectFailure([.tooLarge], "reading '\(key)' with a limit below its size") { () throws(StorageError) in
                try store.read(key, byteLimit: bytes.count - 1, unless: nil)
            }
        }
        let missing = try key("read/missing")
        try expect(try describe(missing) == nil, "an object that isn't there is described")
        let contents = try attempt("reading what isn't there") { () throws(StorageError) in
            try store.read(missing, byteLimit: 10, unless: EntityTag("no-such-state"))
        }
        guard case .absent = contents else {
            throw ConformanceFailure("\(store.location): reading what isn't there gives \(contents)")
        }
    }

    /// Names with spaces, signs that have a meaning in addresses, and letters from anywhere are names like any other.
    package func checkNames() throws(ConformanceFailure) {
        let names = [
            "a b", "a+b", "a%b", "a%20b", "a&b=c", "a?b", "a#b", "a;b:c@d", "ü-é-中文-😀", "e\u{301}", "a~b!*'(),$",
            "a..b", "A",
        ]
        for (index, name) in names.enumerated() {
            try place([UInt8(index)], at: try key("names/\(name)/x"))
        }
        for (index, name) in names.enumerated() {
            let found = try read(try key("names/\(name)/x")).bytes
            try expect(found == [UInt8(index)], "the object '\(name)/x' holds what another one was given: \(found)")
        }
        for name in ["..", "a/../b", "/a", "a//b", ".", "a/"] {
            try expect(ObjectKey("\(prefix)/\(name)/x") == nil || ObjectKey(name) == nil, "'\(name)' is taken as a key")
        }
        guard let objects = try listing("\(prefix)/names/") else { return }
        let keys = objects.map(\.key.description)
        // As bytes: two spellings of one letter are equal as strings and two names.
        let expected = names.map { Array("\(prefix)/names/\($0)/x".utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        try expect(keys.map { Array($0.utf8) } == expected, "names come back otherwise in a listing: \(keys)")
    }

    /// A fetch brings all bytes, goes on where another one ended, and ends with `changed` for another state.
    package func checkFetching() throws(ConformanceFailure) {
        let key = try key("fetch/object")
        let bytes = Self.bytes(100_000, seed: 2)
        let object = try place(bytes, at: key)
        for offset in [0, 1, 50_000, bytes.count - 1, bytes.count] {
            let file = MemoryFile(Array(bytes.prefix(offset)))
            try fetch(object, into: file, from: offset)
            try expect(file.bytes == bytes, "a fetch of '\(key)' from byte \(offset) gives other bytes")
        }
        let empty = try place([], at: try self.key("fetch/empty"))
        let file = MemoryFile()
        try fetch(empty, into: file, from: 0)
        try expect(file.bytes.isEmpty, "a fetch of an empty object gives bytes")
        let gone = StoredObject(key: try self.key("fetch/missing"), byteCount: 1, tag: object.tag)
        let longer = StoredObject(key: key, byteCount: bytes.count + 1, tag: object.tag)
        let newer = Self.bytes(bytes.count, seed: 3)
        try expectFailure([.changed, .notFound], "fetching what isn't there") { () throws(StorageError) in
            try store.fetch(gone, into: MemoryFile(), progress: FetchProgress())
        }
        try expectFailure([.damaged, .changed], "fetching more than there is") { () throws(StorageError) in
            try store.fetch(longer, into: MemoryFile(), progress: FetchProgress())
        }
        let now = try place(newer, at: key)
        try expect(now.tag != object.tag, "another content of '\(key)' has the same tag")
        for offset in [0, 50_000] {
            try expectFailure([.changed], "fetching a state that is gone, from \(offset)") { () throws(StorageError) in
                try store.fetch(object, into: MemoryFile(bytes), progress: FetchProgress(resumeOffset: offset))
            }
        }
    }

    /// A large object comes whole, also from its middle, and the progress grows to its size.
    package func checkLargeObject() throws(ConformanceFailure) {
        let key = try key("large/object")
        let bytes = Self.bytes(configuration.largeByteCount, seed: 4)
        let object = try place(bytes, at: key)
        for offset in [0, bytes.count / 3] {
            let file = MemoryFile(Array(bytes.prefix(offset)))
            try fetch(object, into: file, from: offset)
            try expect(file.bytes == bytes, "a large object fetched from byte \(offset) has other bytes")
        }
    }

    private func fetch(
        _ object: StoredObject,
        into file: MemoryFile,
        from offset: Int
    ) throws(ConformanceFailure) {
        let steps = Mutex<[Int]>([])
        _ = try attempt("fetching '\(object.key)' from byte \(offset)") { () throws(StorageError) in
            try store.fetch(
                object,
                into: file,
                progress: FetchProgress(resumeOffset: offset) { reached in steps.withLock { $0.append(reached) } }
            )
        }
        let reached = steps.withLock { $0 }
        try expect(reached == reached.sorted(), "the progress of '\(object.key)' goes back: \(reached.prefix(20))")
        guard offset < object.byteCount else { return }
        try expect(
            reached.last == object.byteCount && reached.allSatisfy { $0 >= offset },
            "the progress of '\(object.key)' from byte \(offset) ends at \(reached.last ?? -1)"
        )
    }
}
