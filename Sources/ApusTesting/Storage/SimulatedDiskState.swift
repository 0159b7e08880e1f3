internal import ApusStorage

/// What a simulated disk holds: things by number, names as they are now and as they are on the disk.
struct SimulatedDiskState: Sendable {
    /// A change of a file that isn't on the disk yet.
    enum Change: Sendable {
        /// Bytes at an offset.
        case bytes([UInt8], Int)
        /// Cut or extended.
        case size(Int)
    }

    /// A file or a folder.
    struct Node: Sendable {
        /// What it is.
        let isFolder: Bool
        /// A folder's names as they are now.
        var names: [String: Int] = [:]
        /// A folder's names on the disk.
        var syncedNames: [String: Int] = [:]
        /// A file's bytes as they are now.
        var bytes: [UInt8] = []
        /// A file's bytes on the disk.
        var syncedBytes: [UInt8] = []
        /// What of its bytes may or may not be on the disk.
        var pending: [Change] = []
        /// When it was last changed.
        var modified: Int64 = 0
    }

    /// A change of names that happens whole or not at all.
    struct NameChange: Sendable {
        /// What is in question.
        let node: Int
        /// Where it had a name.
        var from: (folder: Int, name: String)?
        /// Where it gets one.
        var to: (folder: Int, name: String)?
    }

    /// Everything, the root folder being 0.
    var nodes: [Int: Node] = [0: Node(isFolder: true)]
    /// Changes of names that may or may not be on the disk, in their order.
    var pendingNames: [NameChange] = []
    /// Who has locks, by file: whether each is shared.
    var locks: [Int: [Bool]] = [:]
    /// Operations since the start or the last cut.
    var operationCount = 0
    /// How many of them were syncs.
    var syncCount = 0
    /// Whether syncs do nothing.
    var ignoresSyncs = false
    /// The one that does nothing.
    var ignoredSync: Int?
    /// Which of them fails.
    var cutAt: Int?
    /// Whether one has.
    var isOff = false
    private var lastNode = 0
    private var time: Int64 = 1_000_000_000

    // MARK: - Names

    /// The thing that has a path; `nil` when nothing has.
    func node(at path: String) -> Int? {
        var node = 0
        for component in path.split(separator: "/") {
            guard let next = nodes[node]?.names[String(component)] else { return nil }
            node = next
        }
        return node
    }

    /// The thing that has a path.
    func find(_ path: String, _ verb: String) throws(StorageError) -> Int {
        guard let node = node(at: path) else {
            throw StorageError(.notFound, "'\(path)' can't be \(verb): there is no such file or folder")
        }
        return node
    }

    /// The folder that has a path.
    func findFolder(_ path: String, _ verb: String) throws(StorageError) -> Int {
        let node = try find(path, verb)
        guard nodes[node]?.isFolder == true else {
            throw StorageError(.invalid, "'\(path)' can't be \(verb): it is no folder")
        }
        return node
    }

    /// What has a path.
    func status(of path: String) -> FileStatus? {
        guard let number = node(at: path), let node = nodes[number] else { return nil }
        return FileStatus(
            kind: node.isFolder ? .folder : .file,
            byteCount: node.isFolder ? 4096 : node.bytes.count,
            modified: node.modified,
            number: UInt64(number)
        )
    }

    /// Opens or makes a file.
    mutating func open(_ path: String, _ mode: FileOpening) throws(StorageError) -> Int {
        if let node = node(at: path) {
            guard nodes[node]?.isFolder == false else { throw StorageError(.invalid, "'\(path)' is a folder") }
            guard mode != .new else { throw StorageError(.conditionFailed, "'\(path)' is there already") }
            return node
        }
        guard mode != .existing else { throw StorageError(.notFound, "'\(path)' isn't there") }
        return try add(Node(isFolder: false), at: path)
    }

    /// Makes a folder unless there is one.
    mutating func makeFolder(_ path: String) throws(StorageError) {
        guard let node = node(at: path) else {
            _ = try add(Node(isFolder: true), at: path)
            return
        }
        guard nodes[node]?.isFolder == true else { throw StorageError(.invalid, "'\(path)' is no folder") }
    }

    /// Gives something another name.
    mutating func rename(_ path: String, _ newPath: String, _ isExclusive: Bool) throws(StorageError) {
        let node = try find(path, "renamed")
        let from = try place(of: path)
        let to = try place(of: newPath)
        if let other = self.node(at: newPath), let there = nodes[other] {
            guard !isExclusive else { throw StorageError(.conditionFailed, "'\(newPath)' is there already") }
            guard there.isFolder == nodes[node]?.isFolder, there.names.isEmpty else {
                throw StorageError(.invalid, "'\(newPath)' can't be replaced by '\(path)'")
            }
        }
        change(NameChange(node: node, from: from, to: to))
    }

    /// Takes a name away.
    mutating func remove(_ path: String, isFolder: Bool) throws(StorageError) {
        guard let node = node(at: path), let there = nodes[node] else { return }
        guard there.isFolder == isFolder else {
            throw StorageError(.invalid, "'\(path)' is \(isFolder ? "no" : "a") folder")
        }
        guard there.names.isEmpty else { throw StorageError(.inUse, "'\(path)' isn't empty") }
        change(NameChange(node: node, from: try place(of: path), to: nil))
    }

    private mutating func add(_ node: Node, at path: String) throws(StorageError) -> Int {
        let to = try place(of: path)
        lastNode += 1
        time += 1_000_000
        nodes[lastNode] = node
        nodes[lastNode]?.modified = time
        change(NameChange(node: lastNode, from: nil, to: to))
        return lastNode
    }

    private func place(of path: String) throws(StorageError) -> (folder: Int, name: String) {
        (try findFolder(DurableFiles.parent(of: path), "used"), path.split(separator: "/").last.map(String.init) ?? "")
    }

    private mutating func change(_ change: NameChange) {
        pendingNames.append(change)
        SimulatedDiskState.apply(change, to: &nodes, \.names)
    }

    private static func apply(
        _ change: NameChange,
        to nodes: inout [Int: Node],
        _ names: WritableKeyPath<Node, [String: Int]>
    ) {
        if let from = change.from, nodes[from.folder]?[keyPath: names][from.name] == change.node {
            nodes[from.folder]?[keyPath: names][from.name] = nil
        }
        if let to = change.to { nodes[to.folder]?[keyPath: names][to.name] = change.node }
    }

    // MARK: - Bytes and syncs

    /// Changes a file's bytes.
    mutating func write(_ change: Change, to node: Int) {
        time += 1_000_000
        nodes[node]?.modified = time
        nodes[node]?.pending.append(change)
        if var bytes = nodes[node]?.bytes {
            nodes[node]?.bytes = []
            SimulatedDiskState.apply(change, to: &bytes)
            nodes[node]?.bytes = bytes
        }
    }

    /// Counts a sync; says whether it does something.
    mutating func countSync() -> Bool {
        syncCount += 1
        return !ignoresSyncs && syncCount != ignoredSync
    }

    /// Makes a file's bytes durable.
    mutating func syncFile(_ node: Int) {
        guard let bytes = nodes[node]?.bytes else { return }
        nodes[node]?.syncedBytes = bytes
        nodes[node]?.pending = []
    }

    /// With a change of a thing's name go all earlier ones of the same thing: otherwise it would have two names.
    private static func closed(_ chosen: [Bool], _ changes: [NameChange]) -> [Bool] {
        var closed = chosen
        var nodes: Set<Int> = []
        for index in changes.indices.reversed() {
            if nodes.contains(changes[index].node) { closed[index] = true }
            if closed[index] { nodes.insert(changes[index].node) }
        }
        return closed
    }

    /// Makes a folder's names durable, with the other end of renames into it and out of it.
    mutating func syncFolder(_ folder: Int) {
        let chosen = pendingNames.map { $0.from?.folder == folder || $0.to?.folder == folder }
        let applied = SimulatedDiskState.closed(chosen, pendingNames)
        for (change, isApplied) in zip(pendingNames, applied) where isApplied {
            SimulatedDiskState.apply(change, to: &nodes, \.syncedNames)
        }
        pendingNames = zip(pendingNames, applied).filter { !$0.1 }.map(\.0)
    }

    /// Makes everything durable.
    mutating func settle() {
        for change in pendingNames { SimulatedDiskState.apply(change, to: &nodes, \.syncedNames) }
        pendingNames = []
        for node in nodes.keys { syncFile(node) }
    }

    /// Ends a lock.
    mutating func unlock(_ node: Int, isShared: Bool) {
        guard let index = locks[node]?.firstIndex(of: isShared) else { return }
        locks[node]?.remove(at: index)
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .bytes(let added, let offset): bytes.overwrite(added, at: offset)
        case .size(let byteCount): bytes.resize(to: byteCount)
        }
    }

    // MARK: - Afterwards

    /// Nothing is lost; nobody has a lock.
    func afterKill() -> SimulatedDiskState {
        var after = self
        after.locks = [:]
        after.cutAt = nil
        after.isOff = false
        after.operationCount = 0
        after.syncCount = 0
        after.ignoredSync = nil
        return after
    }

    /// What may be found: what was synced, and of the rest whatever chance says.
    func afterPowerCut(_ generator: inout SeededGenerator) -> SimulatedDiskState {
        var after = afterKill()
        // Nothing, everything, or some of it: the extremes are what real disks do most often.
        let share = [0, 1, 2, 4, 4, 4].randomElement(using: &generator) ?? 4
        func isApplied(_ generator: inout SeededGenerator) -> Bool { Int.random(in: 0..<4, using: &generator) < share }
        let applied = SimulatedDiskState.closed(pendingNames.map { _ in isApplied(&generator) }, pendingNames)
        for (change, isApplied) in zip(pendingNames, applied) where isApplied {
            SimulatedDiskState.apply(change, to: &after.nodes, \.syncedNames)
        }
        for number in nodes.keys.sorted() {
            guard let node = nodes[number] else { continue }
            var bytes = node.syncedBytes
            for change in node.pending where isApplied(&generator) {
                SimulatedDiskState.apply(SimulatedDiskState.part(of: change, &generator), to: &bytes)
            }
            // Its names have changed above.
            var found = after.nodes[number] ?? node
            found.bytes = bytes
            found.syncedBytes = bytes
            found.pending = []
            found.names = found.syncedNames
            after.nodes[number] = found
        }
        after.pendingNames = []
        return after
    }

    /// A write may be on the disk whole, as its beginning, or as a place with zeros.
    private static func part(of change: Change, _ generator: inout SeededGenerator) -> Change {
        guard case .bytes(let bytes, let offset) = change, !bytes.isEmpty else { return change }
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return .bytes(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator))), offset)
        case 1: return .bytes([UInt8](repeating: 0, count: bytes.count), offset)
        default: return change
        }
    }
}
