import ApusCore
import ApusEngine
import ApusProtocol
import Testing

@testable import ApusServer

struct SignatureAgreementTests {
    private let model = ModelSignature(
        inputs: [
            TensorSpecification(name: "a", dataType: .fp32, shape: [-1, 4]),
            TensorSpecification(name: "b", dataType: .int64, shape: [-1, -1], isOptional: true),
        ],
        outputs: [
            TensorSpecification(name: "x", dataType: .fp32, shape: [-1, 4]),
            TensorSpecification(name: "y", dataType: .bytes, shape: [-1]),
            TensorSpecification(name: "z", dataType: .fp32, shape: [-1, -1]),
        ]
    )

    private func agree(_ text: String, with signature: ModelSignature? = nil) throws -> SignatureAgreement {
        try SignatureAgreement(
            configuration: try ModelConfiguration.parse(text: text),
            signature: signature ?? model,
            place: "m/config.pbtxt"
        )
    }

    /// The words with which a configuration is refused.
    private func refusal(_ text: String, with signature: ModelSignature? = nil) -> String? {
        let error = #expect(throws: ModelError.self) { try agree(text, with: signature) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message
    }

    private func input(_ name: String, _ type: String, _ dims: String, more: String = "") -> String {
        #"input { name: "\#(name)" data_type: TYPE_\#(type) dims: [ \#(dims) ] \#(more) }"#
    }

    private func output(_ name: String, _ type: String, _ dims: String) -> String {
        #"output { name: "\#(name)" data_type: TYPE_\#(type) dims: [ \#(dims) ] }"#
    }

    @Test func `without a configuration the model's own tensors stand`() throws {
        let agreement = try agree("")
        #expect(agreement.inputs == model.inputs)
        #expect(agreement.outputs == model.outputs)
        #expect(agreement.sessionOutputs == nil)
        #expect(agreement.inputShapes == nil)
        #expect(agreement.outputShapes == nil)
    }

    @Test func `the narrower shape counts, and the model says what is optional`() throws {
        let agreement = try agree(input("b", "INT64", "-1, 7") + input("a", "FP32", "-1, -1"))
        #expect(agreement.inputs.map(\.name) == ["a", "b"])
        #expect(agreement.inputs.map(\.shape) == [[-1, 4], [-1, 7]])
        #expect(agreement.inputs.map(\.isOptional) == [false, true])
    }

    @Test func `with max_batch_size the dims are without the batch dimension`() throws {
        let agreement = try agree("max_batch_size: 8 " + input("a", "FP32", "4"))
        #expect(agreement.inputs[0].shape == [-1, 4])
        let words = refusal(input("a", "FP32", "4"))
        #expect(
            words
                == "m/config.pbtxt: input 'a' has the shape [-1,4] in the model, but the configuration says [4] "
                + "(with the batch dimension, if there is one)"
        )
    }

    @Test func `outputs that aren't written aren't served, and the others keep their places`() throws {
        let agreement = try agree(output("z", "FP32", "-1, 2") + output("x", "FP32", "-1, 4"))
        #expect(agreement.outputs.map(\.name) == ["x", "z"])
        #expect(agreement.outputs.map(\.shape) == [[-1, 4], [-1, 2]])
        #expect(agreement.sessionOutputs == [0, 2])
    }

    @Test func `another data type is refused with both`() {
        #expect(
            refusal(input("a", "FP64", "-1, 4"))
                == "m/config.pbtxt: input 'a' is FP32 in the model, but the configuration says FP64"
        )
        #expect(
            refusal(output("y", "FP32", "-1"))
                == "m/config.pbtxt: output 'y' is BYTES in the model, but the configuration says FP32"
        )
    }

    @Test func `another size is refused with both shapes`() {
        #expect(refusal(input("a", "FP32", "-1, 5"))?.contains("[-1,4] in the model, but") == true)
        #expect(refusal(input("a", "FP32", "-1, 4, 1"))?.contains("says [-1,4,1] (with") == true)
        #expect(refusal("max_batch_size: 8 " + input("a", "FP32", "5"))?.contains("says [-1,5] (with") == true)
    }

    @Test func `tensors that the model doesn't have are refused with those that it has`() {
        #expect(refusal(input("q", "FP32", "4")) == "m/config.pbtxt: the model has no input 'q'; it has a, b")
        #expect(refusal(output("q", "FP32", "4")) == "m/config.pbtxt: the model has no output 'q'; it has x, y, z")
    }

    @Test func `max_batch_size needs a first dimension of any size`() {
        let fixed = ModelSignature(
            inputs: [TensorSpecification(name: "a", dataType: .fp32, shape: [1, 4])],
            outputs: []
        )
        #expect(
            refusal("max_batch_size: 8", with: fixed)
                == "m/config.pbtxt: max_batch_size is 8, but the first dimension of input 'a' is not variable in the "
                + "model; write max_batch_size: 0 and full dims"
        )
        #expect(refusal("max_batch_size: 8 " + input("a", "FP32", "4"), with: fixed)?.contains("not variable") == true)
        let scalar = ModelSignature(inputs: [TensorSpecification(name: "a", dataType: .fp32, shape: [])], outputs: [])
        #expect(refusal("max_batch_size: 8", with: scalar)?.contains("not variable") == true)
    }

    @Test func `a tensor without a usable type is refused`() {
        let words = refusal(#"input { name: "a" data_type: TYPE_INVALID dims: [ 4 ] }"#)
        #expect(words == "m/config.pbtxt: 'a' has no usable data_type")
    }

    @Test func `a reshape gives clients one shape and the model another`() throws {
        let agreement = try agree(input("a", "FP32", "-1, 2, 2", more: "reshape { shape: [ -1, 4 ] }"))
        #expect(agreement.inputs[0].shape == [-1, 2, 2])
        #expect(agreement.inputShapes?.map { $0 != nil } == [true, false])
        #expect(agreement.outputShapes == nil)
        let words = refusal(input("a", "FP32", "-1, 2, 2", more: "reshape { shape: [ -1, 5 ] }"))
        #expect(words?.contains("says [-1,5]") == true)
    }
}
