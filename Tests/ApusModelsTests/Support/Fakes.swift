import ApusCore
import ApusModels
import Synchronization

/// What a `FakeLoader` loads.
final class FakeServable: Sendable {
    let id: ModelID
    private let unloaded = Atomic<Bool>(false)

    init(id: ModelID) {
        self.id = id
    }

    var isUnloaded: Bool { unloaded.load(ordering: .acquiring) }

    func unload() {
        let before = unloaded.exchange(true, ordering: .acquiringAndReleasing)
        precondition(!before, "\(id) was unloaded twice")
    }
}

/// Loads versions out of nothing; fails those that it's told to, and waits where it's told to.
final class FakeLoader: ModelLoader {
    struct Rules: Sendable {
        /// The version policy of every model.
        var policy = VersionPolicy.latest(1)
        /// Versions that fail to load.
        var failing: Set<ModelID> = []
        /// Versions that load and can't answer what they are warmed up with.
        var cold: Set<ModelID> = []
        /// Models whose configuration is wrong.
        var refused: Set<ModelName> = []
        /// What models need.
        var needs: [ModelName: [ModelName]] = [:]
        /// Where labels of every model point.
        var labels: [VersionLabel: ModelVersion] = [:]
        /// Models that consist of their configuration only.
        var isAllConfiguration = false
        /// Called before each load, on the loading thread.
        var beforeLoad: (@Sendable (ModelID) -> Void)?
    }

    let rules: Mutex<Rules>
    let unloaded = Mutex<[ModelID]>([])
    /// What was warmed up, each with its predecessor.
    let warmed = Mutex<[String]>([])

    init(_ rules: Rules = Rules()) {
        self.rules = Mutex(rules)
    }

    func plan(_ folder: ModelFolder) throws(ModelError) -> VersionPlan<String> {
        let rules = rules.withLock { $0 }
        if rules.refused.contains(folder.name) { throw ModelError(.invalidConfiguration, "config.pbtxt is wrong") }
        return VersionPlan(
            policy: rules.policy,
            plan: "plan of \(folder.name)",
            dependencies: rules.needs[folder.name] ?? [],
            needsFiles: !rules.isAllConfiguration,
            labels: rules.labels
        )
    }

    func load(_ id: ModelID, from folder: ModelFolder, plan: String) throws(ModelError) -> FakeServable {
        precondition(plan == "plan of \(id.name)" && folder.name == id.name)
        let rules = rules.withLock { $0 }
        rules.beforeLoad?(id)
        if rules.failing.contains(id) { throw ModelError(.loadFailed, "\(id) is broken") }
        return FakeServable(id: id)
    }

    func warmUp(_ servable: FakeServable, after predecessor: FakeServable?) throws(ModelError) {
        warmed.withLock { $0.append("\(servable.id) after \(predecessor.map { "\($0.id)" } ?? "nothing")") }
        guard rules.withLock({ !$0.cold.contains(servable.id) }) else {
            throw ModelError(.loadFailed, "\(servable.id) stays cold")
        }
    }

    func unload(_ servable: FakeServable) {
        servable.unload()
        unloaded.withLock { $0.append(servable.id) }
    }
}

/// Remembers what it was told.
final class RecordingObserver: ModelManagerObserver {
    let loaded = Mutex<[ModelID]>([])
    let failed = Mutex<[String]>([])
    let unloaded = Mutex<[ModelID]>([])

    func modelLoaded(_ id: ModelID, nanoseconds: UInt64) {
        loaded.withLock { $0.append(id) }
    }

    func modelFailed(_ name: String, version: ModelVersion?, error: ModelError) {
        failed.withLock { $0.append("\(name)\(version.map { "/\($0)" } ?? ""): \(error.message)") }
    }

    func modelUnloaded(_ id: ModelID) {
        unloaded.withLock { $0.append(id) }
    }
}

/// A storage in memory that fails where it's told to.
struct FailingStorage: ModelStorage {
    let location = "/fake"
    let name = "fake"
    /// Folders by path.
    var folders: [String: [StorageEntry]] = [:]

    func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry] {
        guard let entries = folders[folder.description] else { throw ModelError(.unreadable, "no disk at '\(folder)'") }
        return entries
    }

    func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        throw ModelError(.unreadable, "no disk at '\(file)'")
    }

    func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        throw ModelError(.unreadable, "no disk at '\(file)'")
    }
}

/// A repository's listing with models of these versions.
///
/// - Parameters:
///   - models: Versions by model.
///   - configuration: Another text is another configuration of each model.
///   - labels: Another text is another file of labels.
///   - content: Another text for a version is another content of it.
/// - Returns: All of them.
func listing(
    _ models: [String: [Int64]],
    configuration: String = "",
    labels: String = "",
    content: [ModelID: String] = [:]
) -> RepositoryListing {
    let folder = TemporaryFolder()
    for (name, versions) in models {
        folder.write("\(name)/apus.yaml")
        folder.write("\(name)/apus-labels.json")
        for version in versions { folder.write("\(name)/\(version)/model.onnx") }
    }
    // The fakes don't read the folder again, so it may go.
    var stamps: [String: String] = [:]
    for name in models.keys {
        stamps["\(name)/apus.yaml"] = configuration
        stamps["\(name)/apus-labels.json"] = labels
    }
    for (id, stamp) in content { stamps["\(id.name)/\(id.version)/model.onnx"] = stamp }
    let storage = StampedStorage(storage: try! LocalModelStorage(path: folder.path), stamps: stamps)
    return try! RepositoryListing(scanning: storage, modelFilenames: ["model.onnx"])
}

/// A folder whose files are as old as they are said to be: listings of equal names are equal.
struct StampedStorage: ModelStorage {
    let storage: LocalModelStorage
    /// What stands for a file's size and times, by path.
    var stamps: [String: String] = [:]

    var location: String { storage.location }
    var name: String { storage.name }

    func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry] {
        try storage.entries(of: folder).map { entry in
            let path = folder.appending(entry.name)?.description ?? ""
            return StorageEntry(name: entry.name, kind: entry.kind, stamp: stamps[path] ?? "")
        }
    }

    func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8] {
        try storage.contents(of: file, byteLimit: byteLimit)
    }

    func locate(_ file: StoragePath) throws(ModelError) -> StoredFile {
        try storage.locate(file)
    }
}

/// A legal model name.
func name(_ text: String) -> ModelName { ModelName(text)! }

/// A version of a model.
func id(_ model: String, _ version: Int64) -> ModelID { ModelID(name: name(model), version: ModelVersion(version)!) }

/// Selects a version of a model, or its latest one.
func selector(_ model: String, _ version: Int64? = nil) -> ModelSelector {
    ModelSelector(name: name(model), version: version.map { .exact(ModelVersion($0)!) } ?? .latest)
}
