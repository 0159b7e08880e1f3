import ApusCore
import ApusModels
import ApusProtocol
import ApusScheduling
import ApusTesting
import Testing

@testable import ApusServer

/// Requests that a configuration has run before a version is live.
struct WarmUpPlanTests {
    private func samples(
        _ body: String,
        more: String = "max_batch_size: 4",
        hidden: [TensorSpecification] = [],
        _ prepare: (Repository) -> Void = { _ in }
    ) throws -> [WarmUpSample] {
        let repository = Repository().addIdentity("m")
        prepare(repository)
        let folder = try #require(try repository.folder(of: "m"))
        return try WarmUpPlan(
            try ModelConfiguration.parse(text: "\(more) \(body)"),
            hidden: hidden,
            folder: folder,
            place: "m/config.pbtxt"
        ).samples()
    }

    private func sample(_ input: String, count: Int = 1, type: String = "FP32") -> String {
        """
        model_warmup { name: "usual" batch_size: 2 count: \(count)
          inputs { key: "IN" value { data_type: TYPE_\(type) dims: [ 3 ] \(input) } } }
        """
    }

    @Test func `zeros and random numbers have the sizes of a batch`() throws {
        let zeros = try #require(try samples(sample("zero_data: true", count: 7)).first)
        #expect(zeros.name == "usual" && zeros.count == 7)
        #expect(zeros.inputs.map(\.name) == ["IN"])
        #expect(zeros.inputs[0].tensor.shape.dimensions == [2, 3])
        #expect(zeros.inputs[0].tensor.floats == [0, 0, 0, 0, 0, 0])
        let random = try #require(try samples(sample("random_data: true")).first)
        #expect(Set(random.inputs[0].tensor.floats).count > 1)
        let alone = sample("zero_data: true").replacing("batch_size: 2", with: "batch_size: 1")
        let single = try #require(try samples(alone, more: "max_batch_size: 0").first)
        #expect(single.inputs[0].tensor.shape.dimensions == [3])
    }

    @Test func `a file holds one row, which is repeated`() throws {
        let file = #"input_data_file: "row""#
        let numbers = try samples(sample(file, type: "UINT8")) { $0.folder.write("m/warmup/row", "abc") }
        let bytes = try #require(numbers.first).inputs[0].tensor.storage
        #expect(unsafe bytes.withUnsafeBytes { unsafe $0.elementsEqual("abcabc".utf8) })
        let strings = try samples(sample(file, type: "STRING")) {
            $0.folder.write("m/warmup/row", "\u{1}\0\0\0a\0\0\0\0\0\0\0\0")
        }
        #expect(strings.first?.inputs.first?.tensor.shape.dimensions == [2, 3])
    }

    @Test func `inputs that the server fills for clients are zeros unless a sample has them`() throws {
        let hidden = [TensorSpecification(name: "START", dataType: .int32, shape: [-1, 1])]
        let found = try #require(try samples(sample("zero_data: true"), hidden: hidden).first)
        #expect(found.inputs.map(\.name) == ["IN", "START"])
        #expect(found.inputs[1].tensor.shape.dimensions == [2, 1])
    }

    @Test func `what can't be made is said with its place`() {
        func refusal(_ body: String, _ prepare: (Repository) -> Void = { _ in }) -> String {
            let error = #expect(throws: ModelError.self) { try samples(body, prepare) }
            return error?.message ?? ""
        }
        #expect(refusal(sample(#"input_data_file: "row""#)).contains("'m/warmup/row'"))
        let short = refusal(sample(#"input_data_file: "row""#)) { $0.folder.write("m/warmup/row", "ab") }
        #expect(
            short == "m/config.pbtxt: model_warmup 'usual': 'IN': the file 'warmup/row' has 2 bytes; expected 12, the "
                + "values of one row"
        )
        let large = "model_warmup { name: \"w\" batch_size: 5 }"
        #expect(refusal(large).hasSuffix("has batch_size 5, but the model's max_batch_size is 4"))
        #expect(refusal(sample("zero_data: true", count: 10_001)).contains("at most 10000"))
        let huge = """
            model_warmup { name: "w" inputs { key: "IN"
              value { data_type: TYPE_FP32 dims: [ 1000000, 1000000 ] zero_data: true } } }
            """
        #expect(refusal(huge).contains("the shape [1,1000000,1000000]"))
        let negative = huge.replacing("1000000, 1000000", with: "-1")
        #expect(refusal(negative).contains("the shape [1,-1]; write dims of 0 or more"))
        let many = (0..<3).map { _ in huge.replacing("1000000, 1000000", with: "30000000") }.joined(separator: "\n")
        #expect(refusal(many).contains("the samples of model_warmup have more than 268435456 bytes up to 'w'"))
        let strings = refusal(sample(#"input_data_file: "row""#, type: "STRING")) {
            $0.folder.write("m/warmup/row", "\u{1}\0\0\0a")
        }
        #expect(strings.contains("has 5 bytes; expected 3 strings"))
        let unbatched = #expect(throws: ModelError.self) {
            try samples(sample("zero_data: true"), more: "max_batch_size: 0")
        }
        #expect(unbatched?.message.contains("has batch_size 2, but the model has no batches") == true)
    }

    @Test func `a model with several answers to a request isn't warmed up`() throws {
        let decoupled = "model_transaction_policy { decoupled: true }"
        #expect(try samples(sample("zero_data: true"), more: decoupled).isEmpty)
    }
}
