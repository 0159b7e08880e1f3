import ApusStorage
import ApusTesting
import Glibc
import Synchronization
import Testing

/// What the cache asks of its files, and when.
@Suite
struct VersionCacheFilesTests {
    @Test
    func `whoever fetched has left the files when a fetch has failed`() throws {
        let syncs = Mutex(0)
        let files = MeddledFiles(
            files: SimulatedDisk(),
            beforeSync: { path in
                guard path.hasSuffix(".part") else { return }
                // Long enough that a sync which nobody waits for isn't through below.
                usleep(50_000)
                syncs.withLock { $0 += 1 }
            }
        )
        let bench = CacheBench(files, step: 100, followsOnAnotherThread: true)
        let wanted = try bench.publish("m/1", ["model.onnx": CacheBench.bytes(400, seed: 1)])
        bench.store.setFaults { faults in
            faults.cutsFetchAt = 300
            faults.cutCode = .changed
        }
        let error = #expect(throws: StorageError.self) { try bench.open().prepare(wanted, from: bench.store) }
        #expect(error?.code == .changed)
        // One for each hundred bytes that came.
        #expect(syncs.withLock { $0 } == 3)
    }

    @Test
    func `older manifests aren't let in by a history that can't be read`() throws {
        let bench = CacheBench()
        let cache = try bench.open()
        let manifest = try VersionManifest.read(SignedManifests.manifest.text(), expecting: SignedManifests.version)
        try cache.see(manifest, policy: .refuseOlder)
        try (bench.files as? SimulatedDisk)?.damage("\(CacheBench.path)/manifests.json") { $0[20] ^= 1 }
        let error = #expect(throws: StorageError.self) { try cache.see(manifest, policy: .refuseOlder) }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("'\(CacheBench.path)/manifests.json' is damaged") == true)
        try cache.see(manifest, policy: .allowOlder)
        try cache.see(manifest, policy: .refuseOlder)
    }

    @Test
    func `a file system that can't rename folders exclusively will do`() throws {
        let disk = SimulatedDisk()
        let files = MeddledFiles(
            files: disk,
            beforeRename: { path, isExclusive throws(StorageError) in
                guard isExclusive, try disk.status(of: path)?.kind == .folder else { return }
                throw StorageError(.invalid, "'\(path)' can't be renamed exclusively")
            }
        )
        let bench = CacheBench(files, byteLimit: 500)
        let cache = try bench.open()
        for number in 1...3 {
            let contents = ["model.onnx": CacheBench.bytes(400, seed: UInt64(number))]
            let version = try cache.prepare(bench.publish("m/\(number)", contents), from: bench.store)
            #expect(try bench.contents(of: version) == contents)
        }
        #expect(try cache.usage().byteCount == 400)
    }
}
