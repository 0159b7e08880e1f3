import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct TensorAgreementTests {
    private func agree(_ left: [Float], _ right: [Float]) -> Bool {
        TensorAgreement.agree(Tensor(floats: left), Tensor(floats: right))
    }

    @Test func `floating-point numbers agree within their precision`() {
        #expect(agree([1, 100], [1, 100.0005]))
        #expect(!agree([1, 100], [1, 100.01]))
        // What is left of a sum of large terms is measured against the tensor's largest.
        #expect(agree([1e-9, 100], [3e-9, 100]))
    }

    @Test func `what is no number agrees only with its like`() {
        #expect(agree([.nan, .infinity], [.nan, .infinity]))
        #expect(!agree([.nan], [1]))
        #expect(!agree([.infinity], [-.infinity]))
    }

    @Test func `integers and strings agree exactly, or not at all`() {
        let one = Tensor(.int32, elements: [Int32(1_000_000)])
        let other = Tensor(.int32, elements: [Int32(1_000_001)])
        #expect(TensorAgreement.agree(one, one))
        #expect(!TensorAgreement.agree(one, other))
        #expect(!TensorAgreement.agree(Tensor(texts: ["a"]), Tensor(texts: ["b"])))
    }

    @Test func `halves are compared by their value`() {
        // 1.0, 1.001 and 1.1 as IEEE 754 binary16.
        let one = Tensor(.fp16, elements: [UInt16(0x3C00)])
        #expect(TensorAgreement.agree(one, Tensor(.fp16, elements: [UInt16(0x3C01)])))
        #expect(!TensorAgreement.agree(one, Tensor(.fp16, elements: [UInt16(0x3C66)])))
    }

    @Test func `another type or shape never agrees`() {
        #expect(!TensorAgreement.agree(Tensor([1, 2], floats: [1, 2]), Tensor([2, 1], floats: [1, 2])))
        #expect(!TensorAgreement.agree(Tensor([0], floats: []), Tensor(.fp64, [0], bytes: [])))
    }
}
