import ApusCore
import ApusStorage
import ApusTesting
import Testing

struct BackupTests {
    private let bench = PublishingBench()
    private var folder: String { "\(bench.folder.path)/backups" }

    private func fill() throws {
        for number in 1...2 {
            var request = try bench.request([
                "model.onnx": Array(repeating: UInt8(number), count: 700),
                String(repeating: "long/", count: 30) + "näme": [1], "empty": [],
            ])
            request.label = PublishingBench.stable
            _ = try bench.publisher().push(request)
        }
        try bench.store.write([5], to: ObjectKey("iris/config.pbtxt")!, if: .always)
        try bench.store.write([6], to: ObjectKey("copied/1/model.onnx")!, if: .always)
    }

    private func contents(_ store: any ObjectStore) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for key in try bench.keys(in: store) { contents[key] = try bench.bytes(key, in: store) }
        return contents
    }

    private func archive() throws -> (path: String, bytes: [UInt8]) {
        try fill()
        let backup = try bench.publisher().backUp(into: folder)
        return (backup.path, try SystemFiles().openForReading(backup.path).readAll(byteLimit: 1 << 24))
    }

    @Test func `a repository comes back as it was`() throws {
        let backup = try archive()
        #expect(backup.path == "\(folder)/apus-backup-20261121T222640Z.tar")
        #expect(try SystemFiles().names(in: folder) == ["apus-backup-20261121T222640Z.tar"])
        let target = MemoryObjectStore()
        let restored = try bench.publisher(to: target).restore(backup.path)
        #expect(restored.copied.count == 2)
        #expect(restored.objectCount == 2)
        #expect(restored.labelled.map(\.model) == [PublishingBench.iris])
        #expect(try contents(target) == contents(bench.store))
        let again = try bench.publisher(to: target).restore(backup.path)
        #expect(again.copied.isEmpty)
        #expect(again.present.count == 2)
    }

    @Test func `a restore puts damaged and missing files of a version that is there right`() throws {
        let path = try archive().path
        let target = MemoryObjectStore()
        _ = try bench.publisher(to: target).restore(path)
        let keys = try bench.keys(in: target).filter { $0.hasPrefix("iris/") && $0.hasSuffix("model.onnx") }
        let key = try #require(keys.first.flatMap { ObjectKey($0) })
        var bytes = try #require(try bench.bytes(key.description, in: target))
        bytes[0] ^= 1
        try target.write(bytes, to: key, if: .always)
        let restored = try bench.publisher(to: target).restore(path)
        #expect(restored.mended.count == 1 && restored.copied.isEmpty)
        try target.remove(key)
        #expect(try bench.publisher(to: target).restore(path).mended == restored.mended)
        #expect(try contents(target) == contents(bench.store))
    }

    @Test func `cut at any call, nothing half is seen and the next run goes on`() throws {
        let path = try archive().path
        var cut = 1
        while true {
            let target = MemoryObjectStore()
            do {
                _ = try bench.publisher(to: FailingStore(target, failsAt: cut, isDead: true)).restore(path)
            } catch {
                #expect(try bench.publisher(to: target).verify().findings.isEmpty)
                _ = try bench.publisher(to: target).restore(path)
                #expect(try contents(target) == contents(bench.store))
                cut += 1
                continue
            }
            break
        }
        #expect(cut > 20)
    }

    @Test func `no changed bit is restored`() throws {
        let (path, bytes) = try archive()
        var random = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            var damaged = bytes
            let index = Int.random(in: damaged.indices, using: &random)
            damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try bench.folder.write("damaged.tar", damaged)
            let target = MemoryObjectStore()
            do {
                _ = try bench.publisher(to: target).restore("\(bench.folder.path)/damaged.tar")
                // What fills blocks up, and headers' own times and owners, mean nothing.
                #expect(try contents(target) == contents(bench.store))
            } catch {
                #expect(try bench.keys(in: target).isEmpty)
            }
        }
        for count in [0, 1, 511, 512, 1024, bytes.count / 2, bytes.count - 1100] {
            try bench.folder.write("cut.tar", Array(bytes.prefix(count)))
            #expect(throws: StorageError.self) {
                try bench.publisher(to: MemoryObjectStore()).restore("\(bench.folder.path)/cut.tar")
            }
        }
        #expect(throws: StorageError.self) { try bench.publisher().restore("\(path).absent") }
    }

    @Test func `an archive that leads out, links or hides something is refused whole`() throws {
        let good = try archive().bytes
        for script in [
            "ln -s /etc/passwd objects/x", "ln objects/iris/config.pbtxt objects/y", "mkfifo objects/f",
            "echo > objects/unlisted", "rm objects/iris/config.pbtxt", "echo x > objects/iris/config.pbtxt",
            "echo >> objects/iris/2/model.onnx", "sed -i 's|iris/config.pbtxt|../config.pbtxt|' apus-backup.json",
            "sed -i 's|iris/config.pbtxt|/etc/config.pbtxt|' apus-backup.json", "rm apus-backup.json",
            "sed -i 's/\"format\": 1/\"format\": 2/' apus-backup.json",
        ] {
            try bench.folder.write("good.tar", good)
            try bench.folder.shell(
                "rm -rf t && mkdir t && cd t && tar xf ../good.tar && \(script) && tar cf ../bad.tar --no-recursion $(find * ! -type d)"
            )
            let target = MemoryObjectStore()
            #expect(throws: StorageError.self, "\(script)") {
                try bench.publisher(to: target).restore("\(bench.folder.path)/bad.tar")
            }
            #expect(try bench.keys(in: target).isEmpty)
        }
    }

    @Test func `tar itself reads a backup, and what tar has packed again is restored`() throws {
        try bench.folder.write("good.tar", try archive().bytes)
        try bench.folder.shell(
            "mkdir t && cd t && tar xf ../good.tar && test $(wc -c < objects/iris/2/model.onnx) = 700 && "
                + "tar --format=pax -cf ../again.tar --no-recursion $(find * -type f | tac)"
        )
        let target = MemoryObjectStore()
        _ = try bench.publisher(to: target).restore("\(bench.folder.path)/again.tar")
        #expect(try contents(target) == contents(bench.store))
    }

    @Test func `a version that differs is refused before anything is written`() throws {
        let path = try archive().path
        let target = MemoryObjectStore()
        _ = try bench.publisher(to: target).push(bench.request(["model.onnx": [99]]))
        let before = try contents(target)
        #expect(throws: StorageError.self) { try bench.publisher(to: target).restore(path) }
        #expect(try contents(target) == before)
        let policy = SignaturePolicy(.required, trusted: try SignedManifests.trusted())
        #expect(throws: StorageError.self) {
            try bench.publisher(to: MemoryObjectStore()).restore(path, policy: policy)
        }
    }

    @Test func `what is damaged isn't backed up, and no archive is left`() throws {
        try fill()
        try bench.store.write([0], to: ObjectKey("iris/2/empty")!, if: .always)
        #expect(throws: StorageError.self) { try bench.publisher().backUp(into: folder) }
        #expect(try SystemFiles().names(in: folder).isEmpty)
    }
}
