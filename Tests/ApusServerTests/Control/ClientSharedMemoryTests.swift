import ApusCore
import ApusTesting
import Testing

@testable import ApusServer

/// Regions in a folder of the test's own, in the place of the system's.
struct ClientSharedMemoryTests {
    private let folder = TemporaryFolder()

    private func memory(prefixes: [String] = []) -> ClientSharedMemory {
        ClientSharedMemory(prefixes: prefixes, folder: folder.path)
    }

    private func region(_ key: String, offset: UInt64 = 0, size: UInt64 = 8, name: String = "r") -> SharedMemoryStatus {
        SharedMemoryStatus(name: name, key: key, offset: offset, byteSize: size)
    }

    private func read(_ part: SharedMemoryPart) throws(InferenceError) -> [UInt8] {
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: nil)
        let storage = try part.read(alignment: 1, memory: &memory)
        return unsafe storage.withUnsafeBytes { unsafe Array($0) }
    }

    @Test func `a region is registered, read, written and forgotten`() throws {
        folder.write("data", "0123456789abcdef")
        let memory = memory()
        try memory.register(region("/data", offset: 4, size: 8))
        #expect(try memory.status(of: nil) == [region("/data", offset: 4, size: 8)])
        #expect(try read(memory.part(of: "r", offset: 2, byteCount: 3)) == Array("678".utf8))
        let part = try memory.part(of: "r", offset: 6, byteCount: 2)
        try part.write(TensorStorage(copying: Array("XY".utf8))!, output: "y")
        #expect(try read(part) == Array("XY".utf8))
        #expect(throws: InferenceError.self) { try part.write(TensorStorage(copying: [1, 2, 3])!, output: "y") }
        try memory.unregister("r")
        try memory.unregister("r")
        // Who has it keeps it.
        #expect(try read(part) == Array("XY".utf8))
        #expect(throws: InferenceError.self) { try memory.part(of: "r", offset: 0, byteCount: 1) }
        #expect(throws: InferenceError.self) { try memory.status(of: "r") }
    }

    @Test(arguments: [
        (0 as UInt64, 9 as UInt64), (8, 1), (9, 0), (.max, 1), (1, .max), (.max, .max), (1 << 63, 1 << 63),
    ]) func `a part that leaves its region is refused`(_ offset: UInt64, _ byteCount: UInt64) throws {
        folder.write("data", "0123456789abcdef")
        let memory = memory()
        try memory.register(region("data"))
        let error = #expect(throws: InferenceError.self) {
            try memory.part(of: "r", offset: offset, byteCount: byteCount)
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test(arguments: [
        "", "/", ".", "..", "/..", "../x", "a/b", "/a/b", "//data", "data\0", "a b", String(repeating: "a", count: 256),
        "triton_python_backend_shm_region_1", "/apus_x", "link", "folder", "nothing",
    ]) func `a key that is no memory of the client's is refused`(_ key: String) {
        folder.write("data", "0123456789abcdef")
        folder.makeFolder("folder")
        folder.link("link", to: folder.place("data"))
        let error = #expect(throws: InferenceError.self) { try memory().register(region(key)) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `names are used once, keys may be bounded, sizes must be there`() throws {
        folder.write("team_data", "0123456789abcdef")
        let memory = memory(prefixes: ["/team_", "other_"])
        try memory.register(region("/team_data"))
        #expect(throws: InferenceError.self) { try memory.register(region("/team_data")) }
        try memory.register(region("team_data", name: "again"))
        folder.write("data", "0123456789abcdef")
        #expect(throws: InferenceError.self) { try memory.register(region("data", name: "c")) }
        for (offset, size) in [(0, 17), (16, 1), (0, 0), (UInt64.max, 2), (1, UInt64.max)] as [(UInt64, UInt64)] {
            #expect(throws: InferenceError.self) {
                try memory.register(region("team_data", offset: offset, size: size, name: "d"))
            }
        }
        #expect(try memory.status(of: nil).map(\.name) == ["again", "r"])
        try memory.unregister(nil)
        #expect(try memory.status(of: nil).isEmpty)
    }

    @Test func `memory that becomes shorter is an error, and doesn't become longer again`() throws {
        folder.write("data", "0123456789abcdef")
        let memory = memory()
        try memory.register(region("data", size: 16))
        let part = try memory.part(of: "r", offset: 8, byteCount: 8)
        folder.truncate("data", to: 10)
        let error = #expect(throws: InferenceError.self) { try read(part) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("no longer has the 8 bytes from 8 on") == true)
        let eight = TensorStorage(copying: [UInt8](repeating: 1, count: 8))!
        #expect(throws: InferenceError.self) { try part.write(eight, output: "y") }
        #expect(try read(memory.part(of: "r", offset: 0, byteCount: 10)).count == 10)
        #expect(throws: InferenceError.self) { try read(memory.part(of: "r", offset: 0, byteCount: 11)) }
    }
}
