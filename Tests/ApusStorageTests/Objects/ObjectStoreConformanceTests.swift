import ApusStorage
import ApusTesting
import Testing

@Suite
struct ObjectStoreConformanceTests {
    @Test
    func `a folder is an object store`() throws {
        let folder = TemporaryFolder()
        let store = try LocalObjectStore(path: "\(folder.path)/store/")
        #expect(try ObjectStoreConformance(of: store).checkAll() == [])
    }

    @Test
    func `the store in memory is an object store`() throws {
        #expect(try ObjectStoreConformance(of: MemoryObjectStore()).checkAll() == [])
    }

    @Test
    func `a store that flips a bit doesn't pass`() {
        let store = MemoryObjectStore()
        store.setFaults { $0.flipsBytes = true }
        #expect(throws: ConformanceFailure.self) { try ObjectStoreConformance(of: store).checkReading() }
        #expect(throws: ConformanceFailure.self) { try ObjectStoreConformance(of: store).checkFetching() }
    }

    @Test
    func `a fetch that is cut tells how far it came`() throws {
        let store = MemoryObjectStore()
        let key = try #require(ObjectKey("a"))
        try store.write([UInt8](0..<100), to: key, if: .always)
        let object = try #require(try store.describe(key))
        store.setFaults { $0.cutsFetchAt = 60 }
        let file = MemoryFile()
        #expect(throws: StorageError.self) { try store.fetch(object, into: file, progress: FetchProgress()) }
        #expect(file.bytes == [UInt8](0..<60))
        try store.fetch(object, into: file, progress: FetchProgress(resumeOffset: 60))
        #expect(file.bytes == [UInt8](0..<100))
        #expect(store.fetchedByteCount == 100)
    }
}
