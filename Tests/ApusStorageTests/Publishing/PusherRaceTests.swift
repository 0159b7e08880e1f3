import ApusCore
import ApusProtocol
import ApusStorage
import ApusTesting
import Dispatch
import Synchronization
import Testing

/// Several pushers at one store: one history, every version one pusher's, none lost.
struct PusherRaceTests {
    private static let pushes = 4

    /// Pushes some versions, each with a label, and says which numbers they got.
    private static func push(_ by: String, _ bench: PublishingBench, _ store: any ObjectStore) -> [Int64] {
        var numbers: [Int64] = []
        for round in 0..<pushes {
            let bytes = Array("\(by) \(round)".utf8)
            guard var request = try? bench.request(["model.onnx": bytes, "w.bin": bytes]) else { continue }
            request.label = PublishingBench.stable
            request.metadata = [.init("by", .string(by)), .init("round", .integer(Int64(round)))]
            do {
                numbers.append(try bench.publisher(by, to: store).push(request).version.version.number)
            } catch {
                Issue.record("\(by), push \(round): \(error)")
            }
        }
        return numbers
    }

    /// Runs two pushers and checks what they leave.
    private func run(_ bench: PublishingBench, _ stores: [String: any ObjectStore]) throws {
        let numbers = Mutex<[String: [Int64]]>([:])
        DispatchQueue.concurrentPerform(iterations: stores.count) { index in
            let (by, store) = stores.sorted { $0.key < $1.key }[index]
            let pushed = PusherRaceTests.push(by, bench, store)
            (store as? InterleavedStore)?.leave()
            numbers.withLock { $0[by] = pushed }
        }
        let all = numbers.withLock { $0 }
        for list in all.values { #expect(list == list.sorted()) }
        #expect(all.values.flatMap(\.self).sorted() == Array(1...Int64(PusherRaceTests.pushes * stores.count)))
        let publisher = bench.publisher()
        #expect(try publisher.verify().findings.isEmpty)
        let history = try publisher.history(of: PublishingBench.iris)
        for record in history.records {
            let contents = try #require(record.manifest?.contents)
            guard case .string(let by)? = contents.metadata["by"],
                case .integer(let round)? = contents.metadata["round"]
            else { continue }
            #expect(all[by]?[Int(round)] == record.version.number)
            #expect(try bench.bytes("iris/\(record.version)/model.onnx") == Array("\(by) \(round)".utf8))
        }
        // Each move begins where the one before has ended, and every version had the label once.
        #expect(history.moves.count == PusherRaceTests.pushes * stores.count)
        #expect(zip(history.moves, history.moves.dropFirst()).allSatisfy { $0.to == $1.from })
        #expect(Set(history.moves.map(\.to)).count == history.moves.count)
        #expect(try bench.keys().filter { $0.hasSuffix("apus-push.json") }.isEmpty)
    }

    @Test func `threads at a store in memory`() throws {
        let bench = PublishingBench()
        try run(bench, ["ann": bench.store, "ben": bench.store, "cleo": bench.store])
    }

    @Test func `threads at a folder`() throws {
        let folder = TemporaryFolder()
        let bench = PublishingBench(try LocalObjectStore(path: folder.path))
        let stores = try ["ann", "ben"].map { ($0, try LocalObjectStore(path: folder.path) as any ObjectStore) }
        try run(bench, Dictionary(uniqueKeysWithValues: stores))
    }

    @Test(arguments: 1...40)
    func `any order of calls`(_ seed: UInt64) throws {
        let bench = PublishingBench()
        let turns = Turns(seed: seed, players: ["ann", "ben"])
        try run(
            bench,
            [
                "ann": InterleavedStore(bench.store, turns, "ann"), "ben": InterleavedStore(bench.store, turns, "ben"),
            ]
        )
    }
}

/// Says whose call is next, in an order that a seed gives.
final class Turns: Sendable {
    private struct State {
        var random: SeededGenerator
        var waiting: Set<String> = []
        var players: Set<String>
        var next: String?
    }

    private let state: Mutex<State>
    private let bells: [String: DispatchSemaphore]

    init(seed: UInt64, players: Set<String>) {
        self.state = Mutex(State(random: SeededGenerator(seed: seed), players: players))
        self.bells = Dictionary(uniqueKeysWithValues: players.map { ($0, DispatchSemaphore(value: 0)) })
    }

    /// Waits until all others wait too and it is this one's turn.
    func take(_ player: String) {
        ring(
            state.withLock { state in
                state.waiting.insert(player)
                return Turns.choose(&state)
            }
        )
        bells[player]?.wait()
    }

    /// Plays no more.
    func leave(_ player: String) {
        ring(
            state.withLock { state in
                state.players.remove(player)
                return Turns.choose(&state)
            }
        )
    }

    private func ring(_ player: String?) {
        if let player { bells[player]?.signal() }
    }

    private static func choose(_ state: inout State) -> String? {
        guard state.waiting == state.players, let next = state.waiting.sorted().randomElement(using: &state.random)
        else {
            return nil
        }
        state.waiting.remove(next)
        return next
    }
}

/// A store each of whose calls waits for its turn.
final class InterleavedStore: ObjectStore {
    private let store: any ObjectStore
    private let turns: Turns
    private let player: String

    init(_ store: any ObjectStore, _ turns: Turns, _ player: String) {
        self.store = store
        self.turns = turns
        self.player = player
    }

    var location: String { store.location }
    var abilities: ObjectStoreAbilities { store.abilities }

    func leave() { turns.leave(player) }

    func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        turns.take(player)
        return try store.list(prefix, limit: limit)
    }

    func describe(_ key: ObjectKey) throws(StorageError) -> StoredObject? {
        turns.take(player)
        return try store.describe(key)
    }

    func read(_ key: ObjectKey, byteLimit: Int, unless known: EntityTag?) throws(StorageError) -> ObjectContents {
        turns.take(player)
        return try store.read(key, byteLimit: byteLimit, unless: known)
    }

    func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        turns.take(player)
        try store.fetch(object, into: file, progress: progress)
    }

    func write(_ bytes: [UInt8], to key: ObjectKey, if condition: WriteCondition) throws(StorageError) -> EntityTag {
        turns.take(player)
        return try store.write(bytes, to: key, if: condition)
    }

    func upload(
        _ file: any ReadableFile,
        byteCount: Int,
        to key: ObjectKey,
        if condition: WriteCondition
    ) throws(StorageError) -> EntityTag {
        turns.take(player)
        return try store.upload(file, byteCount: byteCount, to: key, if: condition)
    }

    func remove(_ key: ObjectKey) throws(StorageError) {
        turns.take(player)
        try store.remove(key)
    }
}
