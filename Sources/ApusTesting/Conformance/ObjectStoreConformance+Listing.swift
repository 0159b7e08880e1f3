internal import ApusStorage

extension ObjectStoreConformance {
    /// A listing holds what begins with the prefix, and nothing else, sorted, with sizes and tags; the limit holds.
    ///
    /// - Returns: Why it was passed over, if it was.
    /// - Throws: When a listing is wrong.
    package func checkListing() throws(ConformanceFailure) -> String? {
        let names = ["list/a/1/x", "list/a/2/x", "list/a-b", "list/a.b", "list/ab", "list/b", "list/a/10"]
        for (index, name) in names.enumerated() { try place([UInt8](repeating: 1, count: index), at: try key(name)) }
        guard let all = try listing("\(prefix)/list/") else {
            return "\(store.location) can't list: listings were passed over"
        }
        let keys = try names.map { name throws(ConformanceFailure) in try key(name) }
        try expect(all.map(\.key) == keys.sorted(), "the listing isn't what was written, sorted: \(all.map(\.key))")
        for (index, key) in keys.enumerated() {
            let listed = all.first { $0.key == key }
            try expect(listed?.byteCount == index, "'\(key)' is listed with another size than \(index)")
            let tag = try describe(key)?.tag
            try expect(listed?.tag == tag, "'\(key)' is listed with another tag than it is described with")
        }
        for part in ["list/a", "list/a/", "list/a/1", "list/a/1/", "list/nothing", "list/ab", "list/a/1/x"] {
            let expected = keys.filter { $0.description.hasPrefix("\(prefix)/\(part)") }.sorted()
            let found = try listing("\(prefix)/\(part)")?.map(\.key)
            try expect(found == expected, "the prefix '\(part)' lists \(found ?? []) instead of \(expected)")
        }
        let limit = names.count
        let within = try attempt("listing up to the limit") { () throws(StorageError) in
            try store.list("\(prefix)/list/", limit: limit)
        }
        try expect(within.count == limit, "as many objects as the limit aren't all listed")
        try expectFailure([.tooLarge], "listing beyond the limit") { () throws(StorageError) in
            try store.list("\(prefix)/list/", limit: limit - 1)
        }
        return nil
    }

    /// A listing that takes several pages is whole, without anything twice.
    package func checkManyObjects() throws(ConformanceFailure) {
        var keys: [ObjectKey] = []
        for index in 0..<configuration.manyCount {
            keys.append(try key("many/\(index % 10)/object \(index)"))
            try place([], at: keys[index])
        }
        let found = try listing("\(prefix)/many/") ?? []
        try expect(found.map(\.key) == keys.sorted(), "\(found.count) objects of \(keys.count) are listed, or unsorted")
    }

    /// Lists; `nil` for a store that says it can't.
    func listing(_ prefix: String) throws(ConformanceFailure) -> [StoredObject]? {
        do throws(StorageError) {
            return try store.list(prefix, limit: 100_000)
        } catch {
            guard error.code != .unsupported else { return nil }
            throw ConformanceFailure("\(store.location): listing '\(prefix)' failed", cause: error)
        }
    }
}
