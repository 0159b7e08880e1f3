import ApusCore
import Synchronization
import Testing

@testable import ApusModels

struct LeaseRaceTests {
    @Test func `leases on many threads never see an unloaded version nor a gap`() async throws {
        let loader = FakeLoader()
        let manager = try ModelManager(loader: loader, observer: RecordingObserver())
        let rollOuts: Int64 = 60
        await manager.loadAll(listing(["m": [1]]))
        let shared = Shared()
        await withTaskGroup { group in
            for seed in 1...4 as ClosedRange<UInt64> {
                group.addTask {
                    var random = SeededGenerator(seed: seed)
                    var kept: [(servable: FakeServable, holder: VersionHandle)] = []
                    var newest: Int64 = 0
                    while !shared.isOver.load(ordering: .relaxed) {
                        for _ in 0..<64 {
                            // A model that was live stays live, so a refusal here is a failure of the test.
                            let lease = try! manager.lease(selector("m"))
                            precondition(!lease.servable.isUnloaded, "leased an unloaded version")
                            precondition(lease.id.version.number >= newest, "went back to an older version")
                            newest = lease.id.version.number
                            if kept.count < 8 { kept.append(lease.transfer()) }
                            shared.count.add(1, ordering: .relaxed)
                            if !kept.isEmpty, Bool.random(using: &random) {
                                let (servable, holder) = kept.remove(at: Int.random(in: 0..<kept.count, using: &random))
                                precondition(!servable.isUnloaded, "unloaded under a lease")
                                holder.leaseEnded()
                            }
                        }
                        await Task.yield()
                    }
                    for (servable, holder) in kept {
                        precondition(!servable.isUnloaded, "unloaded under a lease")
                        holder.leaseEnded()
                    }
                }
            }
            for version in 2...rollOuts { await manager.loadAll(listing(["m": [version]])) }
            shared.isOver.store(true, ordering: .relaxed)
        }
        await manager.unloadAll()
        print("\(shared.count.load(ordering: .relaxed)) leases over \(rollOuts) versions")
        #expect(loader.unloaded.withLock { Set($0).count } == Int(rollOuts))
        #expect(manager.liveVersions().isEmpty)
    }

    @Test func `closing and leasing at the same moment end in exactly one release`() async {
        for _ in 0..<300 {
            let shared = Shared()
            let handle = VersionHandle(id: id("m", 1), servable: FakeServable(id: id("m", 1))) { _ in
                shared.count.add(1, ordering: .relaxed)
            }
            await withTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask { for _ in 0..<50 where handle.open() { handle.leaseEnded() } }
                }
                group.addTask { if handle.close() { shared.count.add(1, ordering: .relaxed) } }
            }
            #expect(shared.count.load(ordering: .relaxed) == 1)
            #expect(!handle.open() && handle.leaseCount == 0)
        }
    }

    @Test func `a lease that is let go ends once, one that is handed on not at all`() throws {
        let handle = VersionHandle(id: id("m", 1), servable: FakeServable(id: id("m", 1))) { _ in }
        #expect(handle.open())
        let lease = VersionLease<FakeServable>(counted: handle)
        let (_, holder) = lease.transfer()
        #expect(handle.leaseCount == 1)
        holder.leaseEnded()
        #expect(handle.leaseCount == 0)
        #expect(handle.open())
        _ = VersionLease<FakeServable>(counted: handle)
        #expect(handle.leaseCount == 0)
    }
}

/// What the threads of a test share.
private final class Shared: Sendable {
    let isOver = Atomic<Bool>(false)
    let count = Atomic<Int>(0)
}
