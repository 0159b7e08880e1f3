import ApusStorage
import ApusTesting
import Synchronization

/// A cache, a store for it, and a clock.
final class CacheBench: Sendable {
    static let path = "/var/cache/apus"

    let files: any FileSystem
    let store: MemoryObjectStore
    let path: String
    let byteLimit: Int
    private let clock = Mutex<Int64>(1_000)
    private let heard = Mutex<[CacheNotice]>([])
    private let step: Int
    private let followsOnAnotherThread: Bool

    init(
        _ files: any FileSystem = SimulatedDisk(),
        store: MemoryObjectStore = MemoryObjectStore(),
        path: String = CacheBench.path,
        byteLimit: Int = 1 << 30,
        step: Int = 1 << 20,
        followsOnAnotherThread: Bool = false
    ) {
        self.files = files
        self.store = store
        self.path = path
        self.byteLimit = byteLimit
        self.step = step
        self.followsOnAnotherThread = followsOnAnotherThread
    }

    var notices: [CacheNotice] { heard.withLock { $0 } }

    func open() throws -> VersionCache {
        var configuration = VersionCache.Configuration(byteLimit: byteLimit)
        configuration.stepByteCount = step
        configuration.followsOnAnotherThread = followsOnAnotherThread
        return try VersionCache(
            path: path,
            configuration: configuration,
            files: files,
            now: { [self] in
                clock.withLock { time in
                    time += 1
                    return time
                }
            },
            onNotice: { [self] notice in heard.withLock { $0.append(notice) } }
        )
    }

    /// Puts a version's files into the store and says what is wanted of it.
    func publish(_ name: String, _ contents: [String: [UInt8]], withDigests: Bool = true) throws -> [WantedFile] {
        try contents.sorted { $0.key < $1.key }.map { path, bytes in
            guard let key = ObjectKey("\(name)/\(path)") else { throw CancellationError() }
            let tag = try store.write(bytes, to: key, if: .always)
            return WantedFile(
                path: path,
                object: StoredObject(key: key, byteCount: bytes.count, tag: tag),
                digest: withDigests ? SHA256Digest(of: bytes) : nil,
                byteCount: bytes.count
            )
        }
    }

    /// The files of a version as they lie on the disk.
    func contents(of version: CachedVersion) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for file in version.files {
            contents[file.path] = try files.openForReading("\(version.folder)/\(file.path)").readAll(byteLimit: 1 << 30)
        }
        return contents
    }

    /// Bytes that look like nothing.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}
