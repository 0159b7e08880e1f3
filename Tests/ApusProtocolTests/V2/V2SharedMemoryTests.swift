import ApusCore
import Synchronization
import Testing

@testable import ApusProtocol

struct V2SharedMemoryTests {
    private let memory = FakeSharedMemory((0..<16).map { UInt8($0) })

    private func decode(_ json: String, binary: [UInt8] = []) throws(InferenceError) -> V2InferRequest {
        let decoder = V2RequestDecoder(limits: InputLimits(), sharedMemory: memory)!
        return try TestRequest(json, binary: binary).decode(with: decoder)
    }

    private func refusal(_ json: String) -> InferenceError? {
        InferenceError { () throws(InferenceError) in try decode(json) }
    }

    private func input(_ parameters: String, type: String = "UINT8", shape: String = "[4]") -> String {
        #"{"inputs":[{"name":"x","shape":\#(shape),"datatype":"\#(type)","parameters":{\#(parameters)}}]}"#
    }

    private func output(_ parameters: String) -> String {
        #"{"outputs":[{"name":"y","parameters":{\#(parameters)}}]}"#
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] {
        unsafe tensor.storage.withUnsafeBytes { unsafe Array($0) }
    }

    @Test func `an input comes out of memory, whatever the order of the members`() throws {
        let three = [
            #""shared_memory_region":"r""#, #""shared_memory_offset":3"#, #""shared_memory_byte_size":4"#,
        ]
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let request = try decode(input(order.map { three[$0] }.joined(separator: ",")))
            #expect(bytes(request.inputs[0].tensor) == [3, 4, 5, 6])
        }
        let whole = try decode(input(#""shared_memory_region":"r","shared_memory_byte_size":16"#, shape: "[4,4]"))
        #expect(bytes(whole.inputs[0].tensor).count == 16)
    }

    @Test func `inputs of all kinds of places stand beside each other`() throws {
        let json = """
            {"inputs":[
             {"name":"a","shape":[2],"datatype":"UINT8","parameters":{"binary_data_size":2}},
             {"name":"b","shape":[2],"datatype":"UINT8",
              "parameters":{"shared_memory_region":"r","shared_memory_byte_size":2}},
             {"name":"c","shape":[2],"datatype":"UINT8","data":[7,8]},
             {"name":"d","shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":1}}]}
            """
        let request = try decode(json, binary: [21, 22, 23])
        #expect(request.inputs.map { bytes($0.tensor) } == [[21, 22], [0, 1], [7, 8], [23]])
    }

    @Test(arguments: [
        (#""shared_memory_region":"other","shared_memory_byte_size":4"#, InferenceError.Code.notFound),
        (#""shared_memory_region":"r""#, .invalidArgument),
        (#""shared_memory_region":"r","shared_memory_byte_size":5"#, .invalidArgument),
        (#""shared_memory_region":"r","shared_memory_byte_size":3"#, .invalidArgument),
        (#""shared_memory_region":"r","shared_memory_byte_size":4,"shared_memory_offset":13"#, .invalidArgument),
        (
            #""shared_memory_region":"r","shared_memory_byte_size":4,"shared_memory_offset":18446744073709551615"#,
            .invalidArgument
        ),
        (#""shared_memory_region":7,"shared_memory_byte_size":4"#, .invalidArgument),
        (#""shared_memory_region":"r","shared_memory_byte_size":-4"#, .invalidArgument),
        (#""shared_memory_region":"r","shared_memory_byte_size":4,"binary_data_size":4"#, .invalidArgument),
    ]) func `an input that isn't there is refused`(_ parameters: String, _ code: InferenceError.Code) {
        #expect(refusal(input(parameters))?.code == code)
    }

    @Test func `BYTES in memory are checked`() {
        // The first length is 0x03020100.
        let json = input(#""shared_memory_region":"r","shared_memory_byte_size":16"#, type: "BYTES", shape: "[1]")
        #expect(refusal(json)?.code == .invalidArgument)
    }

    @Test func `an output goes to memory, and is refused where it can't`() throws {
        let region = #""shared_memory_region":"r","shared_memory_offset":8,"shared_memory_byte_size":4"#
        let request = try decode(output(region))
        #expect(request.outputs[0].special?.part?.byteCount == 4)
        for more in [#","classification":1"#, #","binary_data":true"#] {
            #expect(refusal(output(region + more))?.code == .invalidArgument)
        }
        #expect(refusal(output(#""shared_memory_region":"r""#))?.code == .invalidArgument)
        #expect(refusal(output(#""shared_memory_region":"q","shared_memory_byte_size":1"#))?.code == .notFound)

        let form = V2OutputForm(listed: request.outputs, others: false)
        func prepare(_ bytes: [UInt8]) throws(InferenceError) -> [NamedTensor] {
            let storage = TensorStorage(copying: bytes)!
            let tensor = Tensor(dataType: .uint8, shape: TensorShape([bytes.count])!, storage: storage)
            return try form.prepare([NamedTensor(name: "y", tensor: tensor)], model: TestRequest.model, maxBytes: 1000)
        }
        let outputs = try prepare([91, 92, 93])
        #expect(memory.bytes.withLock { Array($0[7..<12]) } == [7, 91, 92, 93, 11])
        let error = #expect(throws: InferenceError.self) { try prepare([1, 2, 3, 4, 5]) }
        #expect(error?.message.contains("(4 bytes) should be at least 5 bytes") == true)
        #expect(memory.bytes.withLock { $0[8] } == 91)

        let encoder = try V2ResponseEncoder(
            id: "",
            model: TestRequest.model.id,
            outputs: outputs,
            request: form,
            maxBytes: 10_000
        )
        let text = unsafe String(unsafeUninitializedCapacity: encoder.jsonBound) { buffer in
            var span = unsafe OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
            encoder.write(into: &span)
            return span.byteCount
        }
        #expect(text.hasSuffix(#""outputs":[{"name":"y","datatype":"UINT8","shape":[3]}]}"#))
        #expect(encoder.binaryByteCount == 0)
    }
}
