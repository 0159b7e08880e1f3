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

    @Test func `shapes can't be made up that have one key`() throws {
        // Those of FNV-1a, which anybody can work out.
        let empty = Tensor(
            dataType: .int8,
            shape: try #require(TensorShape([0, 2_263_718_519_749_065_480])),
            storage: TensorStorage(byteCount: 0)!
        )
        let forged = CallKeys(ValidatedCall(inputs: [empty], outputs: [0], batchSize: 1))
        #expect(forged.shape != keys([[60_008, 256]]).shape)
    }

    @Test func `calls whose rows can't be told apart run alone`() {
        for shapes: [[Int]?] in [[[8, 4], [1, 4]], [[5, 2], [7]], [[]], [nil], [[3, 0]], [[0]], [[1, 4], []]] {
            #expect(keys(shapes).isAlone, "\(shapes)")
            #expect(keys(shapes).rows == 1)
        }
        #expect(keys([[8, 4], [1, 4]]).bucket != keys([[1, 4], [1, 4]]).bucket)
    }

    @Test func `a first dimension beyond all measure takes no rows`() throws {
        let tensor = Tensor(
            dataType: .int8,
            shape: try #require(TensorShape([.max, 0])),
            storage: TensorStorage(byteCount: 0)!
        )
        #expect(CallKeys(ValidatedCall(inputs: [tensor], outputs: [0], batchSize: 1)).isAlone)
    }

    @Test func `calls that differ only in their rows have one bucket`() {
        #expect(keys([[1, 4], [1]]).bucket == keys([[7, 4], [7]]).bucket)
        #expect(keys([[1, 4]]).bucket != keys([[1, 5]]).bucket)
        #expect(keys([[7, 4], [7]]).rows == 7)
        #expect(keys([[1], nil]).bucket != keys([[1], [1]]).bucket)
        #expect(keys([[1]]).bucket != keys([[1]], outputs: [0, 1]).bucket)
    }
}
