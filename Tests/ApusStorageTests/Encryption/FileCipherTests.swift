import ApusStorage
import ApusTesting
import Testing

struct FileCipherTests {
    private static let id = KeyID("team-1")!
    private static let key = EncryptionKey(id: id, secret: Secret(Array(0..<32)))!
    private static let keys = DecryptionKeys(environment: [id.variable: String(repeating: "ab", count: 32)])

    private static func keys(_ bytes: [UInt8]) -> DecryptionKeys {
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return DecryptionKeys(environment: ["APUS_KEY_TEAM_1": digits.joined()])
    }

    private static let rightKeys = keys(Array(0..<32))

    private static func plain(_ byteCount: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(byteCount))
        return (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private static func sealed(_ plain: [UInt8], path: String = "model.onnx") throws -> [UInt8] {
        let target = MemoryFile()
        let count = try FileCipher.encrypt(
            MemoryFile(plain),
            byteCount: plain.count,
            into: target,
            path: path,
            key: key
        )
        #expect(target.bytes.count == count)
        #expect(count == FileCipher.sealedByteCount(ofPlain: plain.count))
        return target.bytes
    }

    private static func opened(
        _ sealed: [UInt8],
        path: String = "model.onnx",
        keyID: String? = nil,
        keys: DecryptionKeys = rightKeys
    ) -> Result<[UInt8], StorageError> {
        var plain: [UInt8] = []
        do throws(StorageError) {
            try FileCipher.decrypt(
                MemoryFile(sealed),
                byteCount: sealed.count,
                path: path,
                name: "iris/3/model.onnx",
                keyID: keyID,
                keys: keys
            ) { plain += $0 }
            return .success(plain)
        } catch {
            return .failure(error)
        }
    }

    private func expectRefusal(
        _ result: Result<[UInt8], StorageError>,
        _ code: StorageError.Code,
        _ words: String = ""
    ) {
        guard case .failure(let error) = result else {
            Issue.record("was decrypted")
            return
        }
        #expect(error.code == code)
        #expect(error.message.contains("iris/3/model.onnx"), "\(error.message)")
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test(arguments: [0, 1, 15, 16, 1 << 20 - 1, 1 << 20, 1 << 20 + 1, 2 << 20, 3 << 20 + 5])
    func `a file comes back as it was`(_ byteCount: Int) throws {
        let plain = FileCipherTests.plain(byteCount)
        let sealed = try FileCipherTests.sealed(plain)
        #expect(try FileCipherTests.opened(sealed).get() == plain)
        if byteCount > 15 { #expect(!sealed.contains(plain.prefix(16))) }
    }

    @Test func `a key other than the manifest's isn't used`() throws {
        let sealed = try FileCipherTests.sealed([1, 2, 3])
        #expect(try FileCipherTests.opened(sealed, keyID: "team-1").get() == [1, 2, 3])
        expectRefusal(FileCipherTests.opened(sealed, keyID: "team-2"), .damaged, "'team-2'")
    }

    @Test func `the same file is never encrypted to the same bytes`() throws {
        let plain = FileCipherTests.plain(100)
        let first = try FileCipherTests.sealed(plain)
        #expect(try FileCipherTests.sealed(plain).suffix(116) != first.suffix(116))
    }

    @Test func `another key, another path and no key are told apart from damage`() throws {
        let sealed = try FileCipherTests.sealed(FileCipherTests.plain(100))
        expectRefusal(
            FileCipherTests.opened(sealed, keys: FileCipherTests.keys(Array(1..<33))),
            .undecryptable,
            "wasn't encrypted with the key 'team-1'"
        )
        expectRefusal(FileCipherTests.opened(sealed, path: "other.onnx"), .undecryptable, "other.onnx")
        expectRefusal(FileCipherTests.opened(sealed, keys: .none), .undecryptable, "APUS_KEY_TEAM_1")
    }

    @Test func `a file that isn't encrypted is refused`() {
        for bytes in [[], [1], Array("APUSENC".utf8), FileCipherTests.plain(1000)] {
            expectRefusal(FileCipherTests.opened(bytes), .damaged)
        }
    }

    @Test func `a later form is refused`() throws {
        var sealed = try FileCipherTests.sealed([1])
        sealed[7] = 2
        expectRefusal(FileCipherTests.opened(sealed), .unsupported, "form 2")
    }

    @Test func `cut off at any place, nothing is taken for whole`() throws {
        let sealed = try FileCipherTests.sealed(FileCipherTests.plain(2 << 20 + 7))
        let header = FileCipher.sealedByteCount(ofPlain: 0) - 16
        let segment = FileCipher.segmentBytes + 16
        let ends = [header, header + 15, header + 16, header + segment, header + 2 * segment, sealed.count - 1]
        for end in ends + Array(0..<header) {
            expectRefusal(FileCipherTests.opened(Array(sealed.prefix(end))), .damaged)
        }
        expectRefusal(FileCipherTests.opened(sealed + [0]), .damaged)
    }

    @Test func `moved, doubled and left out segments are refused`() throws {
        let sealed = try FileCipherTests.sealed(FileCipherTests.plain(3 << 20))
        let segment = FileCipher.segmentBytes + 16
        let head = sealed.count - 3 * segment
        let header = Array(sealed.prefix(head))
        let parts = (0..<3).map { Array(sealed[head + $0 * segment..<head + ($0 + 1) * segment]) }
        for order in [[1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 2], [0, 1, 1, 2], [2]] {
            expectRefusal(FileCipherTests.opened(header + order.flatMap { parts[$0] }), .damaged, "segment")
        }
        let other = try FileCipherTests.sealed(FileCipherTests.plain(3 << 20))
        expectRefusal(
            FileCipherTests.opened(header + parts[0] + other.dropFirst(head + segment)),
            .damaged,
            "segment 2"
        )
    }

    @Test func `no byte can be changed`() throws {
        let sealed = try FileCipherTests.sealed(FileCipherTests.plain(40))
        for index in sealed.indices {
            for bit in [UInt8(1), 0x80] {
                var changed = sealed
                changed[index] ^= bit
                guard case .failure(let error) = FileCipherTests.opened(changed) else {
                    Issue.record("byte \(index) was changed and nobody saw it")
                    continue
                }
                #expect([.damaged, .undecryptable, .unsupported].contains(error.code))
            }
        }
    }

    @Test func `random damage is refused`() throws {
        let sealed = try FileCipherTests.sealed(FileCipherTests.plain(300))
        var random = SeededGenerator(seed: 11)
        for _ in 0..<3_000 {
            var damaged = sealed
            for _ in 0..<Int.random(in: 1...3, using: &random) where !damaged.isEmpty {
                let index = Int.random(in: damaged.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged[index] ^= UInt8.random(in: 1...255, using: &random)
                case 1: damaged.remove(at: index)
                case 2: damaged.insert(UInt8.random(in: 0...255, using: &random), at: index)
                default: damaged.removeSubrange(index...)
                }
            }
            guard damaged != sealed else { continue }
            #expect(throws: StorageError.self) { try FileCipherTests.opened(damaged).get() }
        }
    }
}
