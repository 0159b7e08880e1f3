import ApusCore
import ApusProtocol
import Testing

/// Writes an answer as an edge does: into exactly as much memory as the encoder says that it needs at most.
struct TestAnswer {
    /// The JSON part.
    let json: [UInt8]
    /// What follows it.
    let binary: [UInt8]
    /// The most bytes that the encoder had asked for.
    let bound: Int

    init(
        id: String = "",
        outputs: [NamedTensor],
        form: V2OutputForm = V2OutputForm(listed: [], others: false),
        maxBytes: Int = .max
    ) throws(InferenceError) {
        let encoder = try V2ResponseEncoder(
            id: id,
            model: TestRequest.model.id,
            outputs: outputs,
            request: form,
            maxBytes: maxBytes
        )
        let bound = encoder.jsonBound
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 16)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        encoder.write(into: &span)
        let count = unsafe span.finalize(for: memory)
        self.json = unsafe Array(memory[..<count])
        var binary: [UInt8] = []
        encoder.forEachBinaryTensor { binary += $0.byteArray }
        self.binary = binary
        self.bound = bound
    }

    /// The JSON part as text.
    var text: String { String(decoding: json, as: UTF8.self) }

    /// The texts of the elements of the only output, numbers only.
    var numberTexts: [Substring] {
        guard let start = text.firstRange(of: #""data":["#), let end = text.lastIndex(of: "]") else { return [] }
        let data = text[start.upperBound..<end].dropLast(2)
        return data.split(separator: ",")
    }
}
