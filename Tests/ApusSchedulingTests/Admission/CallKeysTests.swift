import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct CallKeysTests {
    private func keys(_ shapes: [[Int]?], outputs: [Int] = [0]) -> CallKeys {
        let inputs = shapes.map { dimensions in
            dimensions.map { Tensor(.int8, $0, bytes: [UInt8](repeating: 0, count: $0.reduce(1, *))) }
        }
        return CallKeys(ValidatedCall(inputs: inputs, outputs: outputs, batchSize: 1))
    }

    @Test func `shapes have keys of their own`() {
        let shapes: [[[Int]?]] = [
            [[1]], [[2]], [[1, 1]], [[]], [nil], [[1], [1]], [[1], nil], [nil, [1]], [[1, 2]], [[2, 1]], [[0]],
        ]
        #expect(Set(shapes.map { keys($0).shape }).count == shapes.count)
    }

    @Test func `calls that differ only in their rows have one bucket`() {
        #expect(keys([[1, 4], [1]]).bucket == keys([[7, 4], [7]]).bucket)
        #expect(keys([[1, 4]]).bucket != keys([[1, 5]]).bucket)
        #expect(keys([[1], nil]).bucket != keys([[1], [1]]).bucket)
        #expect(keys([[1]]).bucket != keys([[1]], outputs: [0, 1]).bucket)
    }
}
