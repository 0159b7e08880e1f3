import ApusCore
import ApusEngine
import Foundation
import Testing

@testable import ApusONNXRuntime

/// Sessions whose runs stay on the thread that calls.
struct CallerThreadsTests {
    private var options: SessionOptions {
        var options = SessionOptions(modelName: "m")
        options.threads = .caller
        return options
    }

    @Test func `answers are those of a session with shared threads`() throws {
        let source = ModelSource.file(path: Fixture.path("two_batch"))
        let session = try Fixture.engine().load(source, options: options)
        var timings = Fixture.timings
        let inputs: [Tensor?] = [Tensor([1, 4], [0, 1, 2, 3])]
        let output = try session.makeInstance().run(inputs: inputs, outputs: [0], timings: &timings)
        let shared = try Fixture.load("two_batch").makeInstance().run(inputs: inputs, outputs: [0], timings: &timings)
        #expect(output[0].floats == shared[0].floats)
    }

    @Test func `a model with data in other files is not opened a second time`() throws {
        try Fixture.withFolder { folder in
            let path = "\(folder)/model.onnx"
            try Data(ONNXModelBuilder.external("weights")).write(to: URL(filePath: path))
            try Data([0, 0, 128, 63]).write(to: URL(filePath: "\(folder)/weights"))
            #expect(try Fixture.loadError(.file(path: path)) == nil)
            let error = #expect(throws: EngineError.self) {
                _ = try Fixture.engine().load(.file(path: path), options: options)
            }
            #expect(error?.message.contains("external data") == true)
        }
    }

    @Test(arguments: [
        ["intra_op_thread_count": "2"], ["inter_op_thread_count": "2"], ["execution_mode": "1"],
    ])
    func `what is written decides`(_ parameters: [String: String]) throws {
        var options = options
        options.parameters = parameters
        #expect(try SessionParameters(options, availableProviders: ["CPUExecutionProvider"]).hasOwnThreads)
        #expect(try !Fixture.engine().leavesThreadsOpen(options))
    }
}
