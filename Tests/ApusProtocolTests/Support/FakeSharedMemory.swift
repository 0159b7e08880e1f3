import ApusCore
import Synchronization

/// One region named `r` of so many bytes.
final class FakeSharedMemory: SharedMemoryRegions, SharedMemory {
    let bytes: Mutex<[UInt8]>

    init(_ bytes: [UInt8]) {
        self.bytes = Mutex(bytes)
    }

    func status(of name: String?) throws(InferenceError) -> [SharedMemoryStatus] { [] }
    func register(_ region: SharedMemoryStatus) throws(InferenceError) {}
    func unregister(_ name: String?) throws(InferenceError) {}

    func part(of name: String, offset: UInt64, byteCount: UInt64) throws(InferenceError) -> SharedMemoryPart {
        guard name == "r" else { throw InferenceError.unknownRegion(name) }
        let (end, overflow) = offset.addingReportingOverflow(byteCount)
        guard !overflow, end <= UInt64(bytes.withLock { $0.count }) else {
            throw InferenceError(.invalidArgument, "outside")
        }
        return SharedMemoryPart(of: self, region: name, offset: Int(offset), byteCount: Int(byteCount))
    }

    func read(into storage: TensorStorage, from offset: Int) throws(InferenceError) {
        let source = bytes.withLock { Array($0[offset..<offset + storage.byteCount]) }
        unsafe storage.withUnsafeMutableBytes { unsafe $0.copyBytes(from: source) }
    }

    func write(_ storage: TensorStorage, to offset: Int) throws(InferenceError) {
        let source = unsafe storage.withUnsafeBytes { unsafe Array($0) }
        bytes.withLock { $0.replaceSubrange(offset..<offset + source.count, with: source) }
    }
}
