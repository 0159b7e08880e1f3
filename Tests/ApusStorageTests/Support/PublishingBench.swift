import ApusCore
import ApusStorage
import ApusTesting
import Synchronization

/// A store, a folder with files to push, and a clock that counts.
final class PublishingBench: Sendable {
    static let iris = ModelName("iris")!
    static let stable = VersionLabel("stable")!

    let folder = TemporaryFolder()
    let store: any ObjectStore
    private let time = Mutex<Int64>(1_795_300_000)
    private let tokens = Mutex(0)

    init(_ store: any ObjectStore = MemoryObjectStore()) {
        self.store = store
    }

    var now: Int64 { time.withLock { $0 } }

    private func number() -> Int {
        tokens.withLock { count in
            count += 1
            return count
        }
    }

    func advance(_ seconds: Int64) { time.withLock { $0 += seconds } }

    func publisher(_ by: String = "ann", to store: (any ObjectStore)? = nil) -> Publisher {
        Publisher(to: store ?? self.store, files: SystemFiles(), context: context(by))
    }

    func context(_ by: String = "ann") -> Publisher.Context {
        Publisher.Context(
            now: { self.now },
            by: by,
            token: { "\(by)-\(self.number())" },
            scratch: folder.path
        )
    }

    /// Asks for some files to be pushed.
    func request(_ files: [String: [UInt8]] = ["model.onnx": [1, 2, 3]]) throws -> PushRequest {
        let name = "push-\(number())"
        let request = try files.map { path, bytes in
            PushRequest.File(path: path, source: try folder.write("\(name)/\(path)", bytes))
        }
        return PushRequest(model: PublishingBench.iris, files: request)
    }

    static func version(_ number: Int64) -> ModelID {
        ModelID(name: iris, version: ModelVersion(number)!)
    }

    /// The bytes of an object; `nil` when there is none.
    func bytes(_ key: String, in store: (any ObjectStore)? = nil) throws -> [UInt8]? {
        guard
            case .bytes(let bytes, _) = try (store ?? self.store).read(ObjectKey(key)!, byteLimit: 1 << 30, unless: nil)
        else { return nil }
        return bytes
    }

    func keys(in store: (any ObjectStore)? = nil) throws -> [String] {
        try (store ?? self.store).list("", limit: 10_000).map(\.key.description)
    }
}
