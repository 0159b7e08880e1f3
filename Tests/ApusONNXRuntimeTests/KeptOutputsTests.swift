import ApusCore
import ApusEngine
import Testing

@testable import ApusONNXRuntime

/// Runs that come often enough for their outputs to be kept.
struct KeptOutputsTests {
    private func run(_ instance: any ModelInstance, _ inputs: [Tensor?], outputs: [Int] = [0]) throws -> [Tensor] {
        var timings = Fixture.timings
        return try instance.run(inputs: inputs, outputs: outputs, timings: &timings)
    }

    @Test func `answers stay their requests' own`() throws {
        let instance = try Fixture.load("two_batch").makeInstance()
        var answers: [(expected: [Float], tensor: Tensor)] = []
        for number in 0..<20 {
            let elements = (0..<4).map { Float(number * 10 + $0) }
            let tensor = try run(instance, [Tensor([1, 4], elements)])[0]
            answers.append((elements.map { 2 * $0 + 1 }, tensor))
        }
        // All of them, after the last run has written.
        for (expected, tensor) in answers {
            #expect(tensor.floats == expected)
            #expect(tensor.shape.dimensions == [1, 4])
        }
    }

    @Test func `shapes may change between runs`() throws {
        let instance = try Fixture.load("two_batch").makeInstance()
        for rows in [1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 1, 2000, 1, 1, 0, 1, 1, 1, 1, 1, 3] {
            let elements = (0..<rows * 4).map { Float($0 % 97) }
            let tensor = try run(instance, [Tensor([rows, 4], elements)])[0]
            #expect(tensor.shape.dimensions == [rows, 4])
            #expect(tensor.floats == elements.map { 2 * $0 + 1 })
        }
    }

    @Test func `an output whose shape depends on values is right every time`() throws {
        let instance = try Fixture.load(ONNXModelBuilder.positions()).makeInstance()
        for values: [Float] in [
            [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1],
        ] {
            let count = values.count { $0 != 0 }
            #expect(try run(instance, [Tensor([4], values)])[0].shape.dimensions == [1, count])
        }
    }

    @Test func `an input that is passed through is right every time`() throws {
        let instance = try Fixture.load(ONNXModelBuilder.passThrough()).makeInstance()
        for number in 0..<12 {
            let values = (0..<4).map { Float(number + $0) }
            for tensor in try run(instance, [Tensor([4], values)], outputs: [0, 1]) { #expect(tensor.floats == values) }
        }
    }
}
