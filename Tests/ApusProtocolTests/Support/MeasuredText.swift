/// What an encoder writes into exactly as much memory as it has measured out.
struct MeasuredText {
    let bytes: [UInt8]

    init(bound: Int, _ write: (inout OutputRawSpan) -> Void) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 16)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        write(&span)
        let count = unsafe span.finalize(for: memory)
        self.bytes = unsafe Array(memory[..<count])
    }
}
