import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

/// Requests of TensorFlow Serving's that nobody means well with.
struct TensorFlowMessageHostilityTests {
    private static let numbers = TensorSpecification(name: "x", dataType: .fp32, shape: [-1])
    private static let texts = TensorSpecification(name: "x", dataType: .bytes, shape: [-1])

    /// A field of bytes: tag, length, content.
    private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        while rest >= 0x80 {
            length.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return [number << 3 | 2] + length + [UInt8(rest)] + content
    }

    /// A PredictRequest to `m` whose input `x` is made of these fields.
    private func request(tensor: [UInt8]) -> TensorFlowMessage {
        TensorFlowMessage(
            field(1, field(1, [0x6D])) + field(2, field(1, [0x78]) + field(2, tensor)),
            Self.numbers
        )
    }

    @Test(
        arguments: [
            [0x0A],
            [0x0A, 0x05, 0x61],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x00, 0x01],
            [0x07],
            [0x0C],
            [0x0B],
            [0x0A, 0x04, 0x0A, 0x02, 0xC3, 0x28],
            [0x0A, 0x03, 0x12, 0x01, 0x08],
            [0x1A, 0x02, 0xC3, 0x28],
        ] as [[UInt8]]
    )
    func `bytes that are no message are invalid arguments that say where`(bytes: [UInt8]) throws {
        for refusal in [TensorFlowMessage(bytes).refusal(), TensorFlowMessage(bytes).examplesRefusal()] {
            guard bytes[0] != 0x1A || refusal?.message != "Input is empty." else { continue }
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.message.hasPrefix("failed to parse the request message: ") == true, "\(refusal as Any)")
        }
        #expect(throws: (any Error).self) { try Tensorflow_Serving_PredictRequest(serializedBytes: bytes) }
    }

    @Test func `messages that would have to be joined are refused`() throws {
        let example = field(1, field(1, field(1, [0x78]) + field(2, field(2, field(1, [0, 0, 0, 0])))))
        let input = field(1, field(1, example))
        let whole = TensorFlowMessage(
            field(1, field(1, [0x6D])) + field(2, input),
            TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 1])
        )
        #expect(whole.examplesRefusal() == nil)
        for twice in [
            field(2, input) + field(2, input),
            field(2, input + field(2, [])),
            field(2, field(1, field(1, example + example))),
        ] {
            let refusal = TensorFlowMessage(field(1, field(1, [0x6D])) + twice, Self.numbers).examplesRefusal()
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.message.contains("is there twice") == true, "\(refusal as Any)")
        }
        let tensor = try Tensorflow_TensorProto(.dtFloat, [1]).serializedBytes() as [UInt8]
        let entry = field(1, [0x78]) + field(2, tensor) + field(2, tensor)
        let refusal = TensorFlowMessage(field(2, entry), Self.numbers).refusal()
        #expect(refusal?.message.contains("is there twice") == true)
    }

    @Test(
        arguments: [
            // A size of -1, a product beyond 64 bits, 33 dimensions, more elements than allowed.
            [-1], [1 << 33, 1 << 33], [Int64](repeating: 1, count: 33), [(1 << 28) + 1], [.max], [.min],
            [0, .max, .max],
        ] as [[Int64]]
    )
    func `shapes that can't be are refused before memory is taken`(sizes: [Int64]) throws {
        var message = try TensorFlowMessage(
            Tensorflow_Serving_PredictRequest(Tensorflow_TensorProto(.dtFloat, sizes) { $0.floatVal = [1] }),
            Self.numbers
        )
        message.budget = ByteBudget(limit: 1 << 16)
        let refusal = try #require(message.refusal())
        #expect(refusal.code == .invalidArgument)
        #expect(refusal.message.hasPrefix("tensor parsing error: x: invalid shape"), "\(refusal)")
    }

    @Test func `one value can't fill any amount of memory`() throws {
        for sizes in [[1 << 28], [1 << 14, 1 << 14], [1 << 25]] as [[Int64]] {
            let tensor = Tensorflow_TensorProto(.dtFloat, sizes) { $0.floatVal = [1] }
            let message = try TensorFlowMessage(Tensorflow_Serving_PredictRequest(tensor), Self.numbers)
            let refusal = try #require(message.refusal())
            #expect(refusal.code == .invalidArgument && refusal.message.contains("would be repeated"), "\(refusal)")
            #expect(refusal.hint == "send all values, in tensor_content")
        }
        let text = Data([UInt8](repeating: 65, count: 1 << 20))
        let many = Tensorflow_TensorProto(.dtString, [1 << 20]) { $0.stringVal = [text] }
        let refusal = try TensorFlowMessage(Tensorflow_Serving_PredictRequest(many), Self.texts).refusal()
        #expect(refusal?.message.contains("would be repeated") == true)
        // What is within bounds is charged all the same.
        let some = Tensorflow_TensorProto(.dtFloat, [1 << 20]) { $0.floatVal = [1] }
        var charged = try TensorFlowMessage(Tensorflow_Serving_PredictRequest(some), Self.numbers)
        #expect(charged.refusal() == nil)
        charged.budget = ByteBudget(limit: 1 << 20)
        #expect(charged.refusal()?.code == .resourceExhausted)
    }

    @Test func `small things in great numbers are charged`() throws {
        // Empty texts and examples take two bytes each on the wire.
        let texts = Tensorflow_TensorProto(.dtString, [100_000]) {
            $0.stringVal = [Data](repeating: Data(), count: 100_000)
        }
        var strings = try TensorFlowMessage(Tensorflow_Serving_PredictRequest(texts), Self.texts)
        #expect(strings.refusal() == nil)
        strings.budget = ByteBudget(limit: 1 << 20)
        #expect(strings.refusal()?.code == .resourceExhausted)
        var request = Tensorflow_Serving_ClassificationRequest.with { $0.modelSpec.name = "m" }
        request.input.exampleListWithContext.context.features.feature["x"] = .with { $0.floatList.value = [1] }
        request.input.exampleListWithContext.examples = [Tensorflow_Example](repeating: .init(), count: 100_000)
        var rows = try TensorFlowMessage(
            request,
            TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 1]),
            TensorSpecification(name: "other", dataType: .fp32, shape: [-1, 1], isOptional: true)
        )
        #expect(rows.examplesRefusal() == nil)
        rows.budget = ByteBudget(limit: 1 << 20)
        #expect(rows.examplesRefusal()?.code == .resourceExhausted)
    }

    @Test func `a context can't be repeated without end`() throws {
        var request = Tensorflow_Serving_ClassificationRequest.with { $0.modelSpec.name = "m" }
        request.input.exampleListWithContext.context.features.feature["x"] = .with {
            $0.bytesList.value = [Data([UInt8](repeating: 65, count: 1 << 20))]
        }
        request.input.exampleListWithContext.examples = [Tensorflow_Example](repeating: .init(), count: 1 << 20)
        var message = try TensorFlowMessage(request, TensorSpecification(name: "x", dataType: .bytes, shape: [-1, 1]))
        message.budget = ByteBudget(limit: 1 << 28)
        let refusal = try #require(message.examplesRefusal())
        #expect(refusal.code == .invalidArgument && refusal.message.contains("would be repeated"), "\(refusal)")
        // What is within bounds is charged all the same.
        message.limits.maxBodyBytes = .max
        #expect(message.examplesRefusal()?.code == .resourceExhausted)
    }

    @Test func `a few numbers of a context and empty examples can't fill any amount of memory`() throws {
        var request = Tensorflow_Serving_ClassificationRequest.with { $0.modelSpec.name = "m" }
        request.input.exampleListWithContext.context.features.feature["x"] = .with {
            $0.floatList.value = [Float](repeating: 1, count: 1 << 10)
        }
        request.input.exampleListWithContext.examples = [Tensorflow_Example](repeating: .init(), count: 1 << 14)
        let input = TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 1 << 10])
        var message = try TensorFlowMessage(request, input)
        message.limits.maxBodyBytes = 1 << 26
        #expect(message.examplesRefusal() == nil)
        message.limits.maxBodyBytes -= 1
        let refusal = try #require(message.examplesRefusal())
        #expect(refusal.code == .invalidArgument && refusal.field == "x" && refusal.got == "67108864 bytes")
    }

    @Test func `lists have limits`() throws {
        for number in [2, 3] as [UInt8] {
            let entry: [UInt8] = [number << 3 | 2, 0]
            let refusal = TensorFlowMessage((0..<200_000).flatMap { _ in entry }, Self.numbers).refusal()
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.field == (number == 2 ? "inputs" : "output_filter"))
        }
        let tasks = (0..<200_000).flatMap { _ in [0x0A, 0x00] as [UInt8] }
        #expect(throws: InferenceError.self) { try TensorFlowTasksMessage(unsafe tasks.span.bytes) }
    }

    @Test func `groups are skipped, but not endlessly`() throws {
        let tensor = try Tensorflow_TensorProto(.dtFloat, [1]) { $0.floatVal = [1] }.serializedBytes() as [UInt8]
        let closed = [UInt8](repeating: 0x53, count: 90) + [UInt8](repeating: 0x54, count: 90)
        #expect(request(tensor: tensor + closed).refusal() == nil)
        let endless = [UInt8](repeating: 0x53, count: 100_000)
        #expect(request(tensor: tensor + endless).refusal()?.message.contains("nested too deep") == true)
    }

    @Test(
        arguments: [
            // A packed list that ends within a number, one of an odd length, a number of eleven bytes, each in a list
            // that isn't the type's.
            [0x3A, 0x01, 0x81], [0x32, 0x03, 0, 0, 0],
            [0x52, 0x0B] + [UInt8](repeating: 0xFF, count: 10) + [0x01],
        ] as [[UInt8]]
    )
    func `lists that are none are refused wherever they stand`(list: [UInt8]) throws {
        let tensor = try Tensorflow_TensorProto(.dtFloat, [1]) { $0.floatVal = [1] }.serializedBytes() as [UInt8]
        let refusal = request(tensor: tensor + list).refusal()
        #expect(refusal?.message.hasPrefix("failed to parse the request message: ") == true, "\(refusal as Any)")
    }

    @Test func `content counts before lists, and must fit`() throws {
        let both = Tensorflow_TensorProto(.dtFloat, [1]) {
            $0.tensorContent = Data([0, 0, 128, 63])
            $0.floatVal = [7]
        }
        let message = try TensorFlowMessage(Tensorflow_Serving_PredictRequest(both), Self.numbers)
        #expect(try message.predict()[0].tensor.elements(as: Float.self) == [1])
        for (count, sizes) in [(3, [1]), (5, []), (4, [2]), (4, [0])] as [(Int, [Int64])] {
            let tensor = Tensorflow_TensorProto(.dtFloat, sizes) { $0.tensorContent = Data(count: count) }
            let refusal = try TensorFlowMessage(Tensorflow_Serving_PredictRequest(tensor), Self.numbers).refusal()
            #expect(refusal?.message.hasPrefix("tensor parsing error: x: tensor_content has \(count) bytes") == true)
        }
    }

    @Test func `names of megabytes come back in a few letters`() throws {
        let name = String(repeating: "n", count: 1 << 20)
        let tensor = Tensorflow_TensorProto(.dtFloat, [1])
        let filtered = Tensorflow_Serving_PredictRequest.with {
            $0.inputs["x"] = tensor
            $0.outputFilter = [name]
        }
        for request in [.with { $0.inputs = [name: tensor] }, filtered] as [Tensorflow_Serving_PredictRequest] {
            let refusal = try #require(try TensorFlowMessage(request, Self.numbers).refusal())
            #expect(refusal.message.utf8.count < 2000)
        }
        let spec =
            try Tensorflow_Serving_PredictRequest.with {
                $0.modelSpec.name = "m"
                $0.modelSpec.signatureName = name
                $0.modelSpec.versionLabel = name
            }.serializedBytes() as [UInt8]
        let model = try TensorFlowPredictMessage(unsafe spec.span.bytes, limits: InputLimits()).model
        do throws(InferenceError) {
            try model.checkSignature()
            Issue.record("the signature was taken")
        } catch {
            #expect(error.code == .failedPrecondition && error.message.utf8.count < 2000)
        }
        do throws(InferenceError) {
            _ = try model.selector()
            Issue.record("the label was taken")
        } catch {
            #expect(error.code == .invalidArgument && error.message.utf8.count < 2000)
        }
    }
}
