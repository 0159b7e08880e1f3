import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct RowCutsTests {
    @Test func `each string is walked over once, however many parts there are`() throws {
        let rows = 1_024
        let texts = (0..<rows * 10).map { String(repeating: "x", count: $0 % 7) }
        let tensor = Tensor([rows, 10], texts: texts)
        let cuts = try #require(RowCuts(of: tensor, counts: [Int](repeating: 1, count: rows)))
        #expect(cuts.steps == rows * 10)
        #expect(cuts.ranges.count == rows)
        #expect(cuts.ranges.last?.upperBound == tensor.storage.byteCount)
        let parts = try #require(BatchTensors.cut(tensor, counts: [1, 1_000, 23]))
        #expect(parts.map { $0.shape.dimensions } == [[1, 10], [1_000, 10], [23, 10]])
        #expect(parts.flatMap(\.byteArray) == tensor.byteArray)
        #expect(parts[0].byteArray == Tensor([1, 10], texts: Array(texts.prefix(10))).byteArray)
        #expect(parts[2].byteArray == Tensor([23, 10], texts: Array(texts.suffix(230))).byteArray)
    }

    @Test func `rows of one size need no walk`() throws {
        let tensor = Tensor([3, 2], floats: [1, 2, 3, 4, 5, 6])
        #expect(RowCuts(of: tensor, counts: [1, 2])?.steps == 0)
        let parts = try #require(BatchTensors.cut(tensor, counts: [1, 0, 2]))
        #expect(parts.map(\.floats) == [[1, 2], [], [3, 4, 5, 6]])
        #expect(parts.map { $0.shape.dimensions } == [[1, 2], [0, 2], [2, 2]])
    }

    @Test func `parts that don't make up the tensor, and broken memory, are refused`() {
        let tensor = Tensor([3, 2], floats: [1, 2, 3, 4, 5, 6])
        #expect(BatchTensors.cut(tensor, counts: [1, 1]) == nil)
        #expect(BatchTensors.cut(tensor, counts: [1, 3]) == nil)
        #expect(BatchTensors.cut(tensor, counts: [4, -1]) == nil)
        let broken = Tensor(.bytes, [2, 1], bytes: [255, 255, 255, 255])
        #expect(BatchTensors.cut(broken, counts: [1, 1]) == nil)
    }

    /// What a run of several requests gives each of them.
    @Test func `outputs of a joint run are cut in one pass`() async throws {
        let signature = ModelSignature(
            inputs: [Model.tensor("a", .fp32, [-1, 2])],
            outputs: [Model.tensor("x", .bytes, [-1, 1])]
        )
        let bench = try Bench(
            signature: signature,
            maxBatchSize: 0,
            threads: 1,
            compute: { run throws(EngineError) in
                guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
                let rows = input.shape.dimensions[0]
                return [Tensor([rows, 1], texts: (0..<rows).map { "\(Int(input.floats[2 * $0]))" })]
            },
            isBatched: true
        )
        bench.session.gate.close()
        let sinks = (0..<20).map { _ in bench.pooledSink() }
        for (index, sink) in sinks.enumerated() {
            let input = NamedTensor(name: "a", tensor: Tensor([1, 2], floats: [Float(index * index), 0]))
            bench.submit(bench.request([input]), to: sink)
        }
        bench.session.gate.open()
        for (index, sink) in sinks.enumerated() {
            let output = await sink.outcome().answers.first?.outputs.first?.tensor
            #expect(output?.byteArray == Tensor([1, 1], texts: ["\(index * index)"]).byteArray)
        }
    }
}
