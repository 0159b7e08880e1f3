import ApusCore
import ApusEngine
import Synchronization
import Testing

@testable import ApusONNXRuntime

struct ONNXRuntimeInstanceTests {
    private func run(_ model: String, _ inputs: [Tensor?]) throws -> [Tensor] {
        let session = try Fixture.load(model)
        var timings = Fixture.timings
        let outputs = Array(session.signature.outputs.indices)
        return try session.makeInstance().run(inputs: inputs, outputs: outputs, timings: &timings)
    }

    private func runError(_ model: String, _ inputs: [Tensor?], outputs: [Int] = [0]) throws -> EngineError? {
        let instance = try Fixture.load(model).makeInstance()
        var timings = Fixture.timings
        return #expect(throws: EngineError.self) {
            try instance.run(inputs: inputs, outputs: outputs, timings: &timings)
        }
    }

    @Test func `strings keep NUL, empty strings and bytes that aren't UTF-8`() throws {
        let strings: [[UInt8]] = [[], [0], [97, 0, 98], [0xFF, 0xFE], Array("Zo\u{eb}".utf8), []]
        let outputs = try run("identity_string", [Tensor([3, 2], strings: strings)])
        #expect(outputs[0].bytes == Tensor([3, 2], strings: strings).bytes)
        #expect(try run("identity_string", [Tensor([0, 2], strings: [])])[0].storage.byteCount == 0)
    }

    @Test func `a BYTES tensor whose lengths don't fit is invalid`() throws {
        for bytes: [UInt8] in [[], [9, 0, 0, 0, 1], [1, 0], [0, 0, 0, 0, 0], [255, 255, 255, 255]] {
            let error = try runError("identity_string", [Tensor(.bytes, [1, 1], bytes: bytes)])
            #expect(error?.code == .invalidInput)
        }
    }

    @Test func `a tensor without elements passes`() throws {
        let outputs = try run("reduce_empty", [Tensor([0, 4], [])])
        #expect(outputs[0].shape.dimensions == [0, 8])
        #expect(outputs[0].storage.byteCount == 0)
    }

    @Test(arguments: [4, 40_000]) func `memory that isn't aligned is copied`(_ rows: Int) throws {
        let elements = (0..<rows * 4).map { Float($0 % 1000) }
        let bytes = Tensor([rows, 4], elements).bytes
        let backing = TensorStorage(byteCount: bytes.count + 1)!
        unsafe backing.withUnsafeMutableBytes { memory in
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[1...]).copyBytes(from: bytes)
        }
        let shifted = unsafe backing.withUnsafeMutableBytes { memory in
            unsafe TensorStorage(base: memory.baseAddress! + 1, byteCount: bytes.count, owner: backing)
        }
        #expect(!shifted.isAligned(to: 4))
        let input = Tensor(dataType: .fp32, shape: TensorShape([rows, 4])!, storage: shifted)
        #expect(try run("two_batch", [input])[0].floats == elements.map { 2 * $0 + 1 })
    }

    @Test func `an instance takes small and large inputs and changing shapes in turn`() throws {
        let instance = try Fixture.load("two_batch").makeInstance()
        var timings = Fixture.timings
        var kept: [(Tensor, [Float])] = []
        for rows in [1, 2, 1, 3000, 0, 5, 5, 3000, 1] {
            let elements = (0..<rows * 4).map { Float($0) }
            let output = try instance.run(inputs: [Tensor([rows, 4], elements)], outputs: [0], timings: &timings)[0]
            kept.append((output, elements.map { 2 * $0 + 1 }))
        }
        // Earlier outputs must not change with later runs.
        for (tensor, expected) in kept { #expect(tensor.floats == expected) }
    }

    @Test func `an output outlives its instance and session`() throws {
        var session: (any EngineSession)? = try Fixture.load("two_batch")
        var timings = Fixture.timings
        let output = try session!.makeInstance().run(
            inputs: [Tensor([1, 4], [1, 2, 3, 4])],
            outputs: [0],
            timings: &timings
        )
        session = nil
        #expect(output[0].floats == [3, 5, 7, 9])
    }

    @Test func `only the outputs asked for come, in that order`() throws {
        let session = try Fixture.load("many")
        let inputs: [Tensor?] = [
            Tensor([1, 2], [1, 2]), Tensor([1, 2], integers: [3, 4]), Tensor(.bool, [1], bytes: [1]),
            Tensor([1], strings: [[120]]), Tensor(.fp64, [1], bytes: [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]),
        ]
        var timings = Fixture.timings
        let outputs = try session.makeInstance().run(inputs: inputs, outputs: [1, 3], timings: &timings)
        #expect(outputs.map(\.dataType) == [.bool, .fp64])
        #expect(outputs[1].doubles == [2])
    }

    @Test func `calls that don't fit the signature are invalid and name the fault`() throws {
        let fitting = Tensor([1, 4], [1, 2, 3, 4])
        #expect(try runError("two_batch", [nil])?.message.contains("needs its input 'x'") == true)
        #expect(try runError("two_batch", [fitting, fitting])?.code == .invalidInput)
        #expect(
            try runError("two_batch", [Tensor([1, 4], integers: [1, 2, 3, 4])])?.message.contains("INT64") == true
        )
        #expect(try runError("two_batch", [Tensor([1, 3], [1, 2, 3])])?.code == .invalidInput)
        #expect(try runError("two_batch", [Tensor([4], [1, 2, 3, 4])])?.code == .invalidInput)
        #expect(try runError("two_batch", [fitting], outputs: [1])?.code == .invalidInput)
        #expect(try runError("two_batch", [fitting], outputs: [-1])?.code == .invalidInput)
        #expect(try runError("two_batch", [fitting], outputs: [])?.code == .invalidInput)
        #expect(try runError("two_batch", [Tensor(.fp32, [1000, 4], bytes: [1])])?.code == .invalidInput)
        #expect(try runError("two_batch", [Tensor(.fp32, [1, 4], bytes: [1])])?.code == .invalidInput)
    }

    @Test func `terminate ends an endless loop and the next run works`() throws {
        let instance = try Fixture.load("loop").makeInstance()
        let error = Terminator.whileTerminating(instance) {
            #expect(throws: EngineError.self) {
                var timings = Fixture.timings
                _ = try instance.run(inputs: [Tensor([], integers: [.max])], outputs: [0], timings: &timings)
            }
        }
        #expect(error?.code == .terminated)
        instance.clearTermination()
        var timings = Fixture.timings
        let output = try instance.run(inputs: [Tensor([], integers: [7])], outputs: [0], timings: &timings)[0]
        #expect(output.bytes == [7, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `a termination that comes before the run's inputs are copied ends the run`() throws {
        let instance = try Fixture.load("loop").makeInstance()
        var timings = Fixture.timings
        for _ in 0..<2 {
            instance.terminate()
            let error = #expect(throws: EngineError.self) {
                // Endless if the termination is lost.
                _ = try instance.run(inputs: [Tensor([], integers: [.max])], outputs: [0], timings: &timings)
            }
            #expect(error?.code == .terminated)
        }
        instance.clearTermination()
        let output = try instance.run(inputs: [Tensor([], integers: [7])], outputs: [0], timings: &timings)[0]
        #expect(output.bytes == [7, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `two instances of a session run at the same time`() async throws {
        let session = try Fixture.load("two_batch")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for worker in 0..<2 {
                let instance = try session.makeInstance()
                group.addTask {
                    var timings = Fixture.timings
                    for round in 0..<500 {
                        let elements = (0..<8).map { Float($0 + round * (worker + 1)) }
                        let outputs = try instance.run(
                            inputs: [Tensor([2, 4], elements)],
                            outputs: [0],
                            timings: &timings
                        )
                        guard outputs[0].floats == elements.map({ 2 * $0 + 1 }) else { return false }
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func `an input that is an output too is copied`() throws {
        // Graph "x -> x" with an initializer "k" as second output; see ONNXModelBuilder.
        let session = try Fixture.engine().load(
            .bytes(ONNXModelBuilder.passThrough()),
            options: SessionOptions(modelName: "through")
        )
        let instance = try session.makeInstance()
        var timings = Fixture.timings
        for count in [3, 5000] {
            let elements = (0..<count).map { Float($0) }
            let outputs = try instance.run(inputs: [Tensor([count], elements)], outputs: [0], timings: &timings)
            _ = try instance.run(
                inputs: [Tensor([count], elements.map { $0 + 1 })],
                outputs: [0],
                timings: &timings
            )
            #expect(outputs[0].floats == elements)
        }
    }

    @Test func `what a run reports is told apart from what the session reports`() throws {
        let add = ONNXModelBuilder.field(1, "x") + ONNXModelBuilder.field(1, "k") + ONNXModelBuilder.field(2, "y")
        let graph =
            ONNXModelBuilder.field(1, add + ONNXModelBuilder.field(4, "Add")) + ONNXModelBuilder.field(2, "g")
            + ONNXModelBuilder.field(11, ONNXModelBuilder.value("x"))
            + ONNXModelBuilder.field(11, ONNXModelBuilder.value("k"))
            + ONNXModelBuilder.field(12, ONNXModelBuilder.value("y"))
        let session = try Fixture.engine().load(
            .bytes(ONNXModelBuilder.model(graph: graph)),
            options: SessionOptions(modelName: "misfit")
        )
        var timings = Fixture.timings
        let error = #expect(throws: EngineError.self) {
            let inputs = [Tensor([2], [1, 2]), Tensor([3], [1, 2, 3])]
            _ = try session.makeInstance().run(inputs: inputs, outputs: [0], timings: &timings)
        }
        #expect(error?.message.contains("Add") == true)
        let records = Fixture.log.withLock { $0.filter { $0.logID.contains("misfit") } }
        #expect(!records.isEmpty)
        #expect(records.allSatisfy { $0.isOfRun && $0.logID == "misfit" }, "\(records)")
    }

    @Test func `a model that lies about its output's size is read by its real size`() throws {
        let session = try Fixture.engine().load(
            .bytes(ONNXModelBuilder.identity(outputShape: 1000)),
            options: SessionOptions(modelName: "liar")
        )
        var timings = Fixture.timings
        let output = try session.makeInstance().run(inputs: [Tensor([2], [1, 2])], outputs: [0], timings: &timings)[0]
        #expect(output.shape.dimensions == [2])
        #expect(output.floats == [1, 2])
        let warnings = Fixture.log.withLock { $0.filter { $0.logID == "liar" } }
        #expect(warnings.contains { $0.severity == .warning && $0.message.contains("does not match") })
    }
}
