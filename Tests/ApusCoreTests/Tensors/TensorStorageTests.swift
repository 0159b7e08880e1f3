import ApusCore
import Synchronization
import Testing

struct TensorStorageTests {
    /// Notes that it was let go.
    private final class Owner: Sendable {
        let count: Counter

        init(count: Counter) {
            self.count = count
        }

        deinit {
            count.value.add(1, ordering: .relaxed)
        }
    }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test(arguments: [1, 2, 4, 8, 16, 64, 4096])
    func `memory starts where it was asked to`(alignment: Int) throws {
        for byteCount in [0, 1, 15, 4095, 4096, 100_000] {
            let storage = try #require(TensorStorage(byteCount: byteCount, alignment: alignment))
            #expect(storage.isAligned(to: alignment))
            #expect(storage.byteCount == byteCount)
        }
    }

    @Test func `memory that nobody has is nil and no trap`() {
        #expect(TensorStorage(byteCount: Int.max) == nil)
        #expect(TensorStorage(byteCount: Int.max, alignment: 64) == nil)
        #expect(HeapTensorAllocator().allocate(byteCount: Int.max, alignment: 1) == nil)
    }

    @Test func `a copy holds the same bytes`() throws {
        let storage = try #require(TensorStorage(copying: [1, 2, 3] as [UInt8]))
        #expect(unsafe storage.withUnsafeBytes { unsafe Array($0) } == [1, 2, 3])
        #expect(storage.bytes.byteCount == 3)
        #expect(TensorStorage(copying: [UInt8]())?.byteCount == 0)
    }

    @Test func `an owner lives as long as the storage, and a closure runs once behind it`() {
        let count = Counter()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe memory.deallocate() }
        do {
            let storage = unsafe TensorStorage(base: memory, byteCount: 8, owner: Owner(count: count))
            #expect(count.value.load(ordering: .relaxed) == 0)
            #expect(storage.byteCount == 8)
        }
        #expect(count.value.load(ordering: .relaxed) == 1)
        do {
            let storage = unsafe TensorStorage(base: memory, byteCount: 8) { count.value.add(1, ordering: .relaxed) }
            #expect(storage.byteCount == 8)
        }
        #expect(count.value.load(ordering: .relaxed) == 2)
    }

    @Test func `types have the protocol's names and sizes`() {
        let sizes: [String: Int?] = [
            "BOOL": 1, "UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8,
            "FP16": 2, "BF16": 2, "FP32": 4, "FP64": 8, "BYTES": nil,
        ]
        #expect(DataType.allCases.count == sizes.count)
        for dataType in DataType.allCases {
            #expect(sizes[dataType.rawValue] == .some(dataType.byteSize), "\(dataType)")
            #expect(dataType.alignment == dataType.byteSize ?? 1)
        }
    }
}
