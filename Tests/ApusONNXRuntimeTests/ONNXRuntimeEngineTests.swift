import ApusCore
import ApusEngine
import Foundation
import Glibc
import Testing

@testable import ApusONNXRuntime

struct ONNXRuntimeEngineTests {
    @Test func `the engine tells its version, devices and library`() throws {
        let information = try Fixture.engine().information
        #expect(information.version.hasPrefix("1."))
        #expect(information.devices.contains("CPUExecutionProvider"))
        #expect(information.libraryPath?.contains("libonnxruntime.so") == true)
    }

    @Test(arguments: [("corrupt", "invalid_model"), ("empty", "invalid_model"), ("unknown_op", "unsupported_model")])
    func `files that aren't good models fail with the library's words`(_ model: String, _ code: String) throws {
        let error = try #require(try Fixture.loadError(.file(path: Fixture.path(model))))
        #expect(error.code.label == code, "\(error)")
        let failure = try #require(error.cause as? ONNXRuntimeFailure)
        #expect(!failure.message.isEmpty && error.message.contains(failure.message))
    }

    @Test func `a file that isn't there or is a folder is unreadable`() throws {
        #expect(try Fixture.loadError(.file(path: "/nowhere/model.onnx"))?.code == .unreadable)
        #expect(try Fixture.loadError(.file(path: "/tmp"))?.code == .unreadable)
        #expect(try Fixture.loadError(.none)?.code == .unreadable)
    }

    @Test func `a pipe or a link in a file's place is unreadable and keeps nobody waiting`() throws {
        try Fixture.withFolder { folder in
            let made = unsafe mkfifo("\(folder)/pipe", 0o600)
            #expect(made == 0)
            let pipe = try Fixture.loadError(.file(path: "\(folder)/pipe"))
            #expect(pipe?.code == .unreadable)
            #expect(pipe?.message.contains("regular file") == true)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/link",
                withDestinationPath: Fixture.path("scalar")
            )
            #expect(try Fixture.loadError(.file(path: "\(folder)/link"))?.code == .unreadable)
        }
    }

    @Test func `an open file is read, whatever lies at its path by then`() throws {
        try Fixture.withFolder { folder in
            let path = "\(folder)/model.onnx"
            try Data(Fixture.bytes("scalar")).write(to: URL(filePath: path))
            let file = OpenFile(owning: unsafe open(path, O_RDONLY | O_CLOEXEC))
            try FileManager.default.removeItem(atPath: path)
            let made = unsafe mkfifo(path, 0o600)
            #expect(made == 0)
            // Twice: reading doesn't move the file's own position.
            #expect(try Fixture.loadError(.open(file, path: path)) == nil)
            #expect(try Fixture.loadError(.open(file, path: path)) == nil)
        }
    }

    @Test func `a model loads from bytes`() throws {
        let session = try Fixture.engine().load(
            .bytes(Fixture.bytes("scalar")),
            options: SessionOptions(modelName: "s")
        )
        var timings = Fixture.timings
        let output = try session.makeInstance().run(inputs: [Tensor([], [2])], outputs: [0], timings: &timings)
        #expect(output[0].floats == [4])
        #expect(output[0].shape == .scalar)
    }

    @Test func `a model without tensor outputs is refused with the reason`() throws {
        let error = try #require(try Fixture.loadError(.file(path: Fixture.path("only_sequence"))))
        #expect(error.code == .unsupportedModel)
        #expect(error.message.contains("'y'") && error.message.contains("a sequence"), "\(error)")
    }

    @Test func `an input type that no request can carry is refused by name`() throws {
        let error = try #require(
            try Fixture.loadError(.bytes(ONNXModelBuilder.sequenceLength()))
        )
        #expect(error.code == .unsupportedModel)
        #expect(error.message.contains("'x'") && error.message.contains("a sequence"), "\(error)")
    }

    @Test func `an element type that the library lacks is unsupported`() throws {
        let error = try Fixture.loadError(.bytes(ONNXModelBuilder.identity(outputShape: 1, elementType: 14)))
        #expect(error?.code == .unsupportedModel)
    }

    @Test func `known parameters are honoured and unknown ones become warnings`() throws {
        let session = try Fixture.load(
            "two_batch",
            [
                "intra_op_thread_count": "2", "inter_op_thread_count": "2", "execution_mode": "1",
                "enable_mem_arena": "1", "enable_mem_pattern": "0", "execution_providers": "CPUExecutionProvider",
                "colour": "blue",
            ]
        )
        #expect(session.signature.warnings.count == 1)
        #expect(session.signature.warnings[0].contains("colour"))
        var timings = Fixture.timings
        let output = try session.makeInstance().run(
            inputs: [Tensor([1, 4], [0, 1, 2, 3])],
            outputs: [0],
            timings: &timings
        )
        #expect(output[0].floats == [1, 3, 5, 7])
    }

    @Test func `parameters that can't be read fail the load`() throws {
        for (key, value) in [
            ("intra_op_thread_count", "many"), ("execution_mode", "2"), ("inter_op_thread_count", "-1"),
        ] {
            let error = try Fixture.loadError(.file(path: Fixture.path("scalar")), [key: value])
            #expect(error?.message.contains(key) == true)
        }
    }

    @Test func `a provider that the library lacks is refused with those that it has`() throws {
        let error = try Fixture.loadError(
            .file(path: Fixture.path("scalar")),
            ["execution_providers": "NoSuchExecutionProvider, CPUExecutionProvider", "device_id": "0"]
        )
        #expect(error?.code == .unsupportedModel)
        #expect(error?.message.contains("NoSuchExecutionProvider") == true)
        #expect(error?.message.contains("CPUExecutionProvider") == true)
    }

    @Test func `an instance group's GPU is the CUDA provider's device`() throws {
        var options = SessionOptions(modelName: "m", parameters: ["device_id": "7"])
        options.device = .gpu(1)
        let available = ["CUDAExecutionProvider", "XNNPACKExecutionProvider", "CPUExecutionProvider"]
        let parameters = try SessionParameters(options, availableProviders: available)
        #expect(parameters.providers.map(\.name) == ["CUDAExecutionProvider"])
        #expect(parameters.providers[0].options == ["device_id": "1"])
        options.parameters = ["execution_providers": "XNNPACKExecutionProvider"]
        let none = #expect(throws: EngineError.self) {
            _ = try SessionParameters(options, availableProviders: available)
        }
        #expect(none?.message.contains("are none for GPUs") == true)
        options.parameters = [:]
        let missing = #expect(throws: EngineError.self) {
            _ = try SessionParameters(options, availableProviders: ["CPUExecutionProvider"])
        }
        #expect(missing?.code == .unsupportedModel)
        #expect(missing?.message.contains("has only CPUExecutionProvider; put a CUDA build") == true)
    }

    @Test func `provider options come from device_id and from names with a dot`() throws {
        let options = SessionOptions(
            modelName: "m",
            parameters: [
                "execution_providers": "CUDAExecutionProvider, XNNPACKExecutionProvider",
                "device_id": "1", "CUDAExecutionProvider.gpu_mem_limit": "1000",
            ]
        )
        let parameters = try SessionParameters(
            options,
            availableProviders: ["CUDAExecutionProvider", "XNNPACKExecutionProvider"]
        )
        #expect(parameters.providers.map(\.shortName) == ["CUDA", "XNNPACK"])
        #expect(parameters.providers[0].options == ["device_id": "1", "gpu_mem_limit": "1000"])
        #expect(parameters.warnings.isEmpty)
    }
}
