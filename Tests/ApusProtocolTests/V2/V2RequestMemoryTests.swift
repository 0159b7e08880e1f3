import ApusCore
import ApusProtocol
import Synchronization
import Testing

/// What decoding takes is charged before it is taken.
struct V2RequestMemoryTests {
    private func code(_ request: TestRequest, budget: Int) -> InferenceError.Code? {
        var request = request
        let budget = ByteBudget(limit: budget)
        request.budget = budget
        let code = request.refusal()?.code
        #expect(budget.inUse == 0)
        return code
    }

    private func numbers(_ count: Int, _ dataType: DataType, isDeferred: Bool = false) -> TestRequest {
        let data = [String](repeating: "1", count: count).joined(separator: ",")
        let facts = #""name":"x","shape":[\#(count)],"datatype":"\#(dataType.rawValue)""#
        return TestRequest(
            isDeferred
                ? #"{"inputs":[{"data":[\#(data)],\#(facts)}]}"# : #"{"inputs":[{\#(facts),"data":[\#(data)]}]}"#
        )
    }

    @Test(arguments: [false, true]) func `numbers are charged with their size in memory`(isDeferred: Bool) {
        let request = numbers(10_000, .fp64, isDeferred: isDeferred)
        #expect(code(request, budget: 80_000) == nil)
        #expect(code(request, budget: 79_999) == .resourceExhausted)
    }

    @Test func `several inputs add up`() {
        let data = [String](repeating: "1", count: 3000).joined(separator: ",")
        let input = #"{"name":"x","shape":[3000],"datatype":"INT64","data":[\#(data)]}"#
        let request = TestRequest(#"{"inputs":[\#(input),\#(input),\#(input)]}"#)
        #expect(code(request, budget: 72_000) == nil)
        #expect(code(request, budget: 71_999) == .resourceExhausted)
    }

    @Test func `BYTES elements are charged with what they become in an engine`() {
        let text = String(repeating: "a", count: 100)
        let data = [String](repeating: "\"\(text)\"", count: 1000).joined(separator: ",")
        let json = TestRequest(#"{"inputs":[{"name":"x","shape":[1000],"datatype":"BYTES","data":[\#(data)]}]}"#)
        // A string object, the length and the hundred bytes.
        #expect(code(json, budget: 136_000) == nil)
        #expect(code(json, budget: 135_999) == .resourceExhausted)
        #expect(code(json, budget: 31_999) == .resourceExhausted)
        let raw = [[UInt8]](repeating: [1], count: 1000).flatMap(\.rawElement)
        let binary = TestRequest(
            #"{"inputs":[{"name":"x","shape":[1000],"datatype":"BYTES","parameters":{"binary_data_size":5000}}]}"#,
            binary: raw
        )
        #expect(code(binary, budget: 37_000) == nil)
        #expect(code(binary, budget: 36_999) == .resourceExhausted)
    }

    @Test func `a binary tensor that is copied is charged`() {
        let request = TestRequest(
            #"{"inputs":[{"name":"x","shape":[50000],"datatype":"UINT8","parameters":{"binary_data_size":50000}}]}"#,
            binary: [UInt8](repeating: 1, count: 50_000)
        )
        #expect(code(request, budget: 50_000) == nil)
        #expect(code(request, budget: 49_999) == .resourceExhausted)
    }

    @Test func `a shape takes no memory for more elements than half the text's bytes`() throws {
        let tail = #"],"datatype":"FP64","data":[1]}]}"#
        let head = #"{"inputs":[{"name":"x","shape":["#
        let byteCount = head.utf8.count + 2 + tail.utf8.count
        let most = (byteCount + 1) / 2
        for (count, isAllocated) in [(most, true), (most + 1, false)] {
            let request = TestRequest("\(head)\(count)\(tail)")
            #expect(request.json.count == byteCount)
            let allocator = CountingAllocator()
            var memory = RequestMemory(allocator: allocator, budget: nil)
            let decoder = try #require(V2RequestDecoder(limits: InputLimits()))
            let padded = request.json + [UInt8](repeating: 0x20, count: JSONReader.padding)
            let error = #expect(throws: InferenceError.self) {
                try unsafe padded.withUnsafeBytes { bytes in
                    _ = try unsafe decoder.decode(
                        json: UnsafeRawBufferPointer(rebasing: bytes[..<byteCount]),
                        binary: NoBinaryBody(),
                        model: TestRequest.model,
                        memory: &memory
                    )
                }
            }
            #expect(error?.field == "inputs[0].data")
            #expect(allocator.byteCounts == (isAllocated ? [count * 8] : []))
        }
    }

    @Test func `a shape that equals the last request's is the same, one that doesn't isn't`() throws {
        let decoder = try #require(V2RequestDecoder(limits: InputLimits()))
        let shapes = [
            [2, 3], [2, 3], [2, 3, 1], [2, 3], [6], [3, 2], [], [1], [], [2, 0], [2], [2, 3], [-1], [2, 3],
        ]
        for shape in shapes {
            let count = shape.reduce(1, *)
            let data = [String](repeating: "1", count: max(count, 0)).joined(separator: ",")
            let request = TestRequest(dataType: .int8, shape: "\(shape)", data: "[\(data)]")
            if count < 0 {
                #expect(throws: InferenceError.self) { try request.decode(with: decoder) }
            } else {
                #expect(try request.decode(with: decoder).inputs[0].tensor.shape.dimensions == shape)
            }
        }
    }
}

/// Notes what is taken.
private final class CountingAllocator: TensorAllocator {
    private let state = Mutex<[Int]>([])

    var byteCounts: [Int] { state.withLock { $0 } }

    func allocate(byteCount: Int, alignment: Int) -> TensorStorage? {
        state.withLock { $0.append(byteCount) }
        return TensorStorage(byteCount: byteCount, alignment: alignment)
    }
}
