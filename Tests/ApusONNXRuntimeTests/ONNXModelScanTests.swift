import Testing

@testable import ApusONNXRuntime

struct ONNXModelScanTests {
    private func scan(_ bytes: [UInt8]) -> ONNXModelScan { unsafe ONNXModelScan(bytes.span.bytes) }

    @Test func `operators, subgraphs and locations are found`() throws {
        let loop = scan(try Fixture.bytes("loop"))
        #expect(loop.isWellFormed && loop.hasSubgraphs && loop.hasDataDependentCost)
        #expect(loop.operatorTypes == ["Loop", "Identity", "Add"])
        let many = scan(try Fixture.bytes("many"))
        #expect(many.isWellFormed && !many.hasDataDependentCost && many.externalLocations.isEmpty)
        #expect(scan(try Fixture.bytes("external_data")).externalLocations == ["../outside.bin"])
    }

    @Test func `external data is found in subgraphs and in functions`() {
        #expect(scan(ONNXModelBuilder.nestedExternal("a.bin")).externalLocations == ["a.bin"])
        #expect(scan(ONNXModelBuilder.nestedExternal("a.bin")).operatorTypes == ["Loop", "If", "Constant"])
        #expect(scan(ONNXModelBuilder.functionExternal("b.bin")).externalLocations == ["b.bin"])
    }

    @Test func `external data without a place is found too`() {
        let tensor = ONNXModelBuilder.field(14, 1)
        let model = ONNXModelBuilder.model(graph: ONNXModelBuilder.field(5, tensor))
        #expect(scan(model).externalLocations == [""])
    }

    @Test func `graphs nested too deeply count as malformed`() {
        var graph = ONNXModelBuilder.field(2, "g")
        for _ in 0..<200 {
            let attribute = ONNXModelBuilder.field(1, "body") + ONNXModelBuilder.field(6, graph)
            graph = ONNXModelBuilder.field(1, ONNXModelBuilder.field(5, attribute))
        }
        #expect(!scan(ONNXModelBuilder.model(graph: graph)).isWellFormed)
    }

    @Test(arguments: ["loop", "external_ok", "zipmap", "many"])
    func `every prefix of a model can be scanned`(_ model: String) throws {
        let bytes = try Fixture.bytes(model)
        for count in 0...bytes.count { _ = scan(Array(bytes[..<count])) }
    }

    @Test(arguments: ["loop", "external_ok", "zipmap", "nested"])
    func `random damage never ends the process`(_ model: String) throws {
        let bytes = model == "nested" ? ONNXModelBuilder.nestedExternal("a.bin") : try Fixture.bytes(model)
        var random = SplitMix(state: 20_261_120)
        for _ in 0..<20_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = scan(damaged)
        }
        for _ in 0..<5_000 {
            _ = scan(
                (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            )
        }
    }

    @Test(arguments: ["Range", "Tile", "Expand", "ConstantOfShape", "Resize", "Pad"])
    func `an operator whose output is as large as values say makes the cost depend on data`(_ type: String) {
        func graph(_ types: [String]) -> [UInt8] {
            types.flatMap { ONNXModelBuilder.field(1, ONNXModelBuilder.node($0, "x", "y")) }
        }
        #expect(scan(ONNXModelBuilder.model(graph: graph(["Add", type]))).hasDataDependentCost)
        #expect(!scan(ONNXModelBuilder.model(graph: graph(["Add", "Relu"]))).hasDataDependentCost)
    }
}
