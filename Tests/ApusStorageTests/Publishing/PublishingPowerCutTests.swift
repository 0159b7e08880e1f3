import ApusCore
import ApusStorage
import ApusTesting
import Synchronization
import Testing

/// Push, promote, synchronize, restore and back up, with the power cut at each call of the disk: nothing half is visible,
/// and what was announced is there.
struct PublishingPowerCutTests {
    private static let seeds = UInt64(LongRuns.count(1, long: 50))
    /// How many versions are copied.
    private static let versions = UInt8(LongRuns.count(1, long: 2))
    private static let all = (1...versions).map(Int64.init)
    private static let stable = PublishingBench.stable
    private static let iris = PublishingBench.iris

    private struct Wrong: Error, CustomStringConvertible {
        let description: String
    }

    private func cuts(ignoresSyncs: Bool = false) -> PowerCuts {
        PowerCuts(seedCount: Self.seeds, ignoresSyncs: ignoresSyncs)
    }

    private func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw Wrong(description: message()) }
    }

    private func publisher(_ disk: SimulatedDisk, at root: String = "/srv/store") throws -> Publisher {
        let numbers = Mutex(0)
        let context = Publisher.Context(
            now: { 1_795_300_000 },
            by: "ann",
            token: {
                let number = numbers.withLock { number in
                    number += 1
                    return number
                }
                return "t\(number)"
            },
            scratch: "/tmp"
        )
        return Publisher(to: try LocalObjectStore(path: root, files: disk), files: disk, context: context)
    }

    private func request(_ disk: SimulatedDisk, _ number: UInt8) throws -> PushRequest {
        let files = [("model.onnx", 1500), ("w/a.bin", 10)].map { path, count in
            (PushRequest.File(path: path, source: "/in/\(number)-\(count)"), [UInt8](repeating: number, count: count))
        }
        for (file, bytes) in files where try disk.status(of: file.source) == nil {
            try DurableFiles(disk).replace(file.source, with: bytes, temporary: "\(file.source).new")
        }
        return PushRequest(model: Self.iris, files: files.map(\.0))
    }

    private func prepare(_ disk: SimulatedDisk, versions: UInt8 = 1, root: String = "/srv/store") throws {
        for folder in ["/tmp", "/in", "/srv", "/srv/store", "/other"] { try disk.makeFolder(folder) }
        for number in 1...(versions + 1) { _ = try request(disk, number) }
        for number in 1...versions {
            var request = try request(disk, number)
            request.label = Self.stable
            _ = try publisher(disk, at: root).push(request)
        }
    }

    /// Everything that is visible is whole.
    private func verifyWhole(_ disk: SimulatedDisk, at root: String = "/srv/store") throws -> Publisher.History? {
        for name in try disk.names(in: "/tmp") { try disk.removeFile("/tmp/\(name)") }
        let publisher = try publisher(disk, at: root)
        let findings = try publisher.verify().findings
        try expect(findings.isEmpty, "\(findings)")
        guard try RepositoryContents(of: publisher.store).models[Self.iris] != nil else { return nil }
        let history = try publisher.history(of: Self.iris)
        let unmanaged = history.records.filter { $0.state == .unmanaged }.map(\.version)
        try expect(unmanaged.isEmpty, "\(unmanaged) look like copied by hand")
        return history
    }

    private func published(_ history: Publisher.History?) -> [Int64] {
        (history?.records ?? []).filter { $0.state == .published }.map(\.version.number)
    }

    private func target(_ history: Publisher.History?) -> Int64? {
        history?.records.first { $0.labels.contains(Self.stable) }?.version.number
    }

    // MARK: - Push and promote

    private func checkPush(_ cuts: PowerCuts) throws -> Int {
        try cuts.check {
            try prepare($0)
        } operate: { disk, announce in
            var request = try request(disk, 2)
            let pushed = try publisher(disk).push(request)
            announce("pushed \(pushed.version.version)")
            _ = try publisher(disk).promote(pushed.version, to: Self.stable)
            announce("promoted")
            request.label = nil
            _ = try publisher(disk).rollBack(Self.stable, of: Self.iris)
            announce("rolled back")
        } verify: { disk, announced in
            let history = try verifyWhole(disk)
            let numbers = published(history)
            try expect(numbers.first == 1, "version 1 is gone")
            try expect(
                !announced.contains("pushed 2") || numbers == [1, 2],
                "version 2 was announced; there is \(numbers)"
            )
            switch announced.count {
            case 0: try expect(target(history) == 1, "the label moved by itself")
            case 1: try expect([1, 2].contains(target(history)), "the label is gone")
            case 2: try expect([1, 2].contains(target(history)), "the label is gone")
            default: try expect(target(history) == 1, "the rollback is gone")
            }
            // Whoever comes next isn't kept out by what is left.
            let next = try publisher(disk).push(request(disk, 2)).version.version.number
            try expect(next > (numbers.last ?? 0), "number \(next) is given twice")
            _ = try verifyWhole(disk)
        }
    }

    @Test func `a push, a promotion and a rollback`() throws {
        #expect(try checkPush(cuts()) > 50)
        #expect(throws: PowerCuts.Failure.self) { try checkPush(cuts(ignoresSyncs: true)) }
    }

    // MARK: - Removal

    @Test func `a removal`() throws {
        try cuts().check {
            try prepare($0, versions: 2)
        } operate: { disk, announce in
            try publisher(disk).remove(PublishingBench.version(1))
            announce(())
        } verify: { (disk: SimulatedDisk, announced: [Void]) in
            let numbers = published(try verifyWhole(disk))
            try expect(numbers.contains(2), "version 2 is gone too")
            try expect(announced.isEmpty || numbers == [2], "version 1 is back")
        }
    }

    // MARK: - Copies

    private func checkSync(_ cuts: PowerCuts) throws -> Int {
        try cuts.check {
            try prepare($0, versions: Self.versions)
        } operate: { disk, announce in
            let report = try Synchronizer(from: publisher(disk), to: publisher(disk, at: "/other")).run()
            announce(report.copied.count)
        } verify: { disk, announced in
            let history = try verifyWhole(disk, at: "/other")
            try expect(
                announced.isEmpty || (published(history) == Self.all && target(history) == Self.all.last),
                "the copy is gone"
            )
            try expect(target(history) == nil || published(history) == Self.all, "the labels came before the versions")
            _ = try Synchronizer(from: publisher(disk), to: publisher(disk, at: "/other")).run()
            let again = try verifyWhole(disk, at: "/other")
            try expect(
                published(again) == Self.all && target(again) == Self.all.last,
                "the next run didn't come to an end"
            )
        }
    }

    @Test func `a synchronization`() throws {
        #expect(try checkSync(cuts()) > 30)
        #expect(throws: PowerCuts.Failure.self) { try checkSync(cuts(ignoresSyncs: true)) }
    }

    private static let archive = "/backups/apus-backup-20261121T222640Z.tar"

    private func checkBackup(_ cuts: PowerCuts) throws -> Int {
        try cuts.check {
            try prepare($0, versions: Self.versions)
        } operate: { disk, announce in
            announce(try publisher(disk).backUp(into: "/backups").path)
        } verify: { disk, announced in
            guard try disk.status(of: "/backups") != nil, try disk.status(of: Self.archive) != nil else {
                return try expect(announced.isEmpty, "the backup is gone")
            }
            _ = try publisher(disk, at: "/other").restore(Self.archive)
            try expect(published(verifyWhole(disk, at: "/other")) == Self.all, "the backup isn't whole")
        }
    }

    @Test func `a backup`() throws {
        #expect(try checkBackup(cuts()) > 15)
        #expect(throws: PowerCuts.Failure.self) { try checkBackup(cuts(ignoresSyncs: true)) }
    }

    private func checkRestore(_ cuts: PowerCuts) throws -> Int {
        try cuts.check {
            try prepare($0, versions: Self.versions)
            _ = try publisher($0).backUp(into: "/backups")
        } operate: { disk, announce in
            announce(try publisher(disk, at: "/other").restore(Self.archive).copied.count)
        } verify: { disk, announced in
            let history = try verifyWhole(disk, at: "/other")
            try expect(
                announced.isEmpty || (published(history) == Self.all && target(history) == Self.all.last),
                "the restore is gone"
            )
            _ = try publisher(disk, at: "/other").restore(Self.archive)
            let again = try verifyWhole(disk, at: "/other")
            try expect(
                published(again) == Self.all && target(again) == Self.all.last,
                "the next run didn't come to an end"
            )
        }
    }

    @Test func `a restore`() throws {
        #expect(try checkRestore(cuts()) > 30)
        #expect(throws: PowerCuts.Failure.self) { try checkRestore(cuts(ignoresSyncs: true)) }
    }
}
