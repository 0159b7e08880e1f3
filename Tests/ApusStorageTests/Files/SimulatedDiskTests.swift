import ApusStorage
import ApusTesting
import Testing

@Suite
struct SimulatedDiskTests {
    @Test
    func `what was synced is there after a power cut, and what wasn't may be anything that was written`() throws {
        let disk = SimulatedDisk()
        let file = try disk.open("/a", .new)
        try file.write([1, 1, 1, 1])
        try file.sync()
        try disk.syncFolder("/")
        try file.write([2, 2, 2, 2])
        _ = try disk.open("/b", .new)
        var seen: Set<[UInt8]> = []
        var names: Set<[String]> = []
        for seed in 0..<200 {
            let after = disk.afterPowerCut(seed: UInt64(seed))
            seen.insert(try after.openForReading("/a").readAll(byteLimit: 9))
            names.insert(try after.names(in: "/"))
        }
        #expect(seen.isSuperset(of: [[1, 1, 1, 1], [2, 2, 2, 2], [0, 0, 0, 0], [2, 1, 1, 1]]))
        #expect(names == [["a"], ["a", "b"]])
    }

    @Test
    func `a thing never has two names, whichever of its renames were synced`() throws {
        let disk = SimulatedDisk()
        for folder in ["/x", "/y"] { try disk.makeFolder(folder) }
        try disk.syncFolder("/")
        try disk.open("/x/part", .new).write([1])
        try disk.rename("/x/part", to: "/y/whole", isExclusive: false)
        try disk.syncFolder("/y")
        try disk.syncFolder("/x")
        for seed in 0..<50 {
            let after = disk.afterPowerCut(seed: UInt64(seed))
            #expect(try after.names(in: "/x").isEmpty)
            #expect(try after.names(in: "/y") == ["whole"])
        }
    }

    @Test
    func `after the cut every call fails, and the disk that is found works`() throws {
        let disk = SimulatedDisk()
        disk.cut(at: 2)
        let file = try disk.open("/a", .new)
        #expect(throws: StorageError.self) { try file.write([1]) }
        #expect(throws: StorageError.self) { try disk.names(in: "/") }
        #expect(disk.isOff)
        #expect(try disk.afterKill().names(in: "/") == ["a"])
        let lock = try disk.afterKill().lock("/lock")
        withExtendedLifetime(lock) {}
    }

    @Test
    func `a lock keeps others out until it ends`() throws {
        let disk = SimulatedDisk()
        var first: (any Sendable)? = try disk.lock("/lock", .shared)
        let second = try disk.lock("/lock", .shared)
        #expect(first != nil && second != nil)
        #expect(try disk.lock("/lock", .exclusiveIfFree) == nil)
        first = nil
        #expect(try disk.lock("/lock", .exclusiveIfFree) == nil)
        #expect(throws: StorageError.self) { try disk.lock("/lock") }
        withExtendedLifetime(second) {}
    }
}
