import ApusCore
import Testing

@testable import ApusProtocol

struct ClassificationTests {
    private func model(maxBatchSize: Int = 0, labels: [String] = []) -> ModelDescription {
        ModelDescription(
            id: ModelID(name: ModelName("m")!, version: .first),
            platform: "p",
            inputs: [],
            outputs: [],
            maxBatchSize: maxBatchSize,
            labels: labels.isEmpty ? [:] : ["y": labels]
        )
    }

    private func tensor<Element: BitwiseCopyable>(_ type: DataType, _ shape: [Int], _ values: [Element]) -> Tensor {
        let bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
        return Tensor(dataType: type, shape: TensorShape(shape)!, storage: TensorStorage(copying: bytes)!)
    }

    private func classify(
        _ tensor: Tensor,
        _ count: Int,
        model: ModelDescription? = nil,
        maxBytes: Int = 1 << 20
    ) throws(InferenceError) -> (shape: [Int], texts: [String]) {
        let made = try Classification(of: "y", count: count, model: model ?? self.model())
            .classify(tensor, maxBytes: maxBytes)
        let bytes = unsafe made.storage.withUnsafeBytes { unsafe Array($0) }
        let ranges = BytesElements.ranges(in: made.storage.bytes) ?? []
        return (made.shape.dimensions, ranges.map { String(decoding: bytes[$0], as: UTF8.self) })
    }

    @Test func `the highest come first, of equal ones the first, what is no number last`() throws {
        let values: [Float] = [0.25, 3.3, .nan, 3.3, -.infinity, .infinity]
        let all = try classify(tensor(.fp32, [6], values), 99)
        #expect(all.shape == [6])
        #expect(all.texts.prefix(5) == ["inf:5", "3.300000:1", "3.300000:3", "0.250000:0", "-inf:4"])
        #expect(all.texts.last?.hasSuffix("nan:2") == true)
        #expect(try classify(tensor(.fp32, [2, 3], values), 1).texts == ["inf:5"])
    }

    @Test(arguments: [2, 7, 600, 4_999, 5_000, 9_000])
    func `of many the highest are what sorting all of them gives`(_ count: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("ClassificationTests: seed \(seed)")
        var state = seed
        for ascending in [true, false] {
            var values = (0..<5_000).map { _ -> Int32 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int32(truncatingIfNeeded: state >> 53)
            }
            // The worst order: each is better than all before it.
            if ascending { values.sort() }
            let sorted = values.indices.sorted { (values[$0], $1) > (values[$1], $0) }
            let expected = sorted.prefix(count).map { "\(values[$0]):\($0)" }
            #expect(try classify(tensor(.int32, [5_000], values), count).texts == expected)
        }
    }

    @Test func `floats have six decimals, however long they get`() throws {
        #expect(try classify(tensor(.fp64, [1], [1.0 / 3]), 1).texts == ["0.333333:0"])
        #expect(try classify(tensor(.fp64, [1], [1e22]), 1).texts == ["10000000000000000000000.000000:0"])
        let long = try classify(tensor(.fp64, [1], [-Double.greatestFiniteMagnitude]), 1).texts[0]
        #expect(long.hasPrefix("-17976931348623157") && long.hasSuffix(".000000:0") && long.utf8.count == 319)
    }

    @Test func `integers are plain`() throws {
        #expect(
            try classify(tensor(.int64, [2], [Int64.min, .max]), 2).texts == [
                "9223372036854775807:1", "-9223372036854775808:0",
            ]
        )
        #expect(try classify(tensor(.uint64, [2], [UInt64.max, 0]), 1).texts == ["18446744073709551615:0"])
        #expect(try classify(tensor(.int8, [2], [Int8(-1), -2]), 2).texts == ["-1:0", "-2:1"])
        #expect(try classify(tensor(.uint8, [2], [UInt8(200), 100]), 2).texts == ["200:0", "100:1"])
        #expect(try classify(tensor(.int16, [1], [Int16(-300)]), 1).texts == ["-300:0"])
        #expect(try classify(tensor(.uint16, [1], [UInt16(65_535)]), 1).texts == ["65535:0"])
        #expect(try classify(tensor(.int32, [1], [Int32(-7)]), 1).texts == ["-7:0"])
        #expect(try classify(tensor(.uint32, [1], [UInt32.max]), 1).texts == ["4294967295:0"])
    }

    @Test func `each item of a batch has its own, with labels where there are some`() throws {
        let batched = model(maxBatchSize: 4, labels: ["zero", "one"])
        let made = try classify(tensor(.fp32, [2, 3], [Float(1), 2, 3, 9, 8, 7]), 2, model: batched)
        #expect(made.shape == [2, 2])
        #expect(made.texts == ["3.000000:2", "2.000000:1:one", "9.000000:0:zero", "8.000000:1:one"])
        #expect(try classify(tensor(.fp32, [0, 3], [Float]()), 2, model: batched).shape == [0, 0])
        #expect(try classify(tensor(.fp32, [2, 0], [Float]()), 2, model: batched).shape == [2, 0])
    }

    @Test(arguments: [DataType.bool, .bytes, .fp16, .bf16])
    func `other types can't be classified`(_ type: DataType) {
        let error = #expect(throws: InferenceError.self) { try classify(tensor(type, [1], [UInt16(0)]), 1) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `large outputs and large results are refused`() throws {
        let count = Classification.maxElements
        let most = tensor(.uint8, [count], [UInt8](repeating: 1, count: count))
        #expect(try classify(most, 1).texts == ["1:0"])
        #expect(throws: InferenceError.self) { try classify(most, count, maxBytes: 1000) }
        let more = tensor(.uint8, [count + 1], [UInt8](repeating: 1, count: count + 1))
        #expect(throws: InferenceError.self) { try classify(more, 1) }
    }
}
