import ApusS3
import ApusStorage
import ApusTesting
import Testing

/// Our half of `Tests/Storage/test_witness.py`, where boto3 has the other one.
@Suite(
    .enabled(
        if: RealStore.witnessPrefix != nil && !RealStore.all.isEmpty,
        "APUS_TEST_PREFIX isn't set: it is Tests/Storage/test_witness.py that runs this"
    ),
    .serialized
)
struct WitnessTests {
    private static let names = [
        "m/1/model.onnx", "m/1/a b+c%d&e.bin", "m/1/größe-模型-😀", "m/labels.json", "e/empty",
    ]

    @Test(arguments: RealStore.all)
    func writes(real: RealStore) throws {
        let store = try real.open(try #require(RealStore.witnessPrefix))
        for name in WitnessTests.names {
            let bytes = content(name)
            try store.upload(MemoryFile(bytes), byteCount: bytes.count, to: try key(name), if: .always)
        }
    }

    @Test(arguments: RealStore.all)
    func reads(real: RealStore) throws {
        let store = try real.open(try #require(RealStore.witnessPrefix))
        let objects = try store.list("", limit: 100)
        #expect(objects.map(\.key) == (try WitnessTests.names.map(key)).sorted())
        for object in objects {
            let bytes = content(object.key.description)
            let file = MemoryFile()
            try store.fetch(object, into: file, progress: FetchProgress())
            #expect(file.bytes == bytes, "\(object.key)")
            guard case .bytes(bytes, object.tag) = try store.read(object.key, byteLimit: bytes.count, unless: nil)
            else {
                Issue.record("\(object.key) reads otherwise")
                return
            }
        }
    }

    private func key(_ name: String) throws -> ObjectKey { try #require(ObjectKey(name)) }

    private func content(_ name: String) -> [UInt8] {
        let size = name.hasPrefix("e/") ? 0 : name.hasSuffix(".onnx") ? (6 << 20) + 5 : 1000
        let seed = name.utf8.reduce(0) { $0 + Int($1) } % 251
        // The rule repeats itself after 64 KiB.
        let block = (0..<65_536).map { UInt8(truncatingIfNeeded: seed + $0 * 7 + ($0 >> 8)) }
        var bytes: [UInt8] = []
        while bytes.count < size { bytes += block.prefix(size - bytes.count) }
        return bytes
    }
}
