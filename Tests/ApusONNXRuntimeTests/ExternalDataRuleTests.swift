import ApusCore
import ApusEngine
import Foundation
import Testing

@testable import ApusONNXRuntime

struct ExternalDataRuleTests {
    /// Writes a model that reads a location, and what a test puts beside it; gives the error of its load.
    private func loadError(_ location: String, _ prepare: (String) throws -> Void = { _ in }) throws -> EngineError? {
        var error: EngineError?
        try Fixture.withFolder { root in
            let folder = "\(root)/model"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data([0, 0, 0x80, 0x3F]).write(to: URL(filePath: "\(root)/outside.bin"))
            try Data([0, 0, 0x80, 0x3F]).write(to: URL(filePath: "\(folder)/data.bin"))
            try prepare(folder)
            try Data(ONNXModelBuilder.external(location)).write(to: URL(filePath: "\(folder)/model.onnx"))
            error = try Fixture.loadError(.file(path: "\(folder)/model.onnx"))
        }
        return error
    }

    @Test func `a plain file in the model's folder is read`() throws {
        let error = try loadError("data.bin")
        #expect(error == nil, "\(String(describing: error))")
        #expect(try Fixture.load("external_ok").signature.inputs.count == 1)
    }

    @Test func `a link that stays in the folder is read`() throws {
        let error = try loadError("link.bin") { folder in
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/link.bin", withDestinationPath: "data.bin")
        }
        #expect(error == nil, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("../outside.bin", "'..'"), ("sub/../data.bin", "'..'"), ("/etc/passwd", "relative"), ("", "name a file"),
        ("missing.bin", "no such file"), (".", "regular file"), ("*/_ORT_MEM_ADDR_/*", "memory"),
        ("data.bin\0", "name a file"),
    ])
    func `places outside the rules are refused by name`(_ location: String, _ reason: String) throws {
        let error = try #require(try loadError(location))
        #expect(error.code == .invalidModel)
        #expect(error.message.contains("'\(location)'") && error.message.contains(reason), "\(error.message)")
    }

    @Test func `a symbolic link out of the folder is refused`() throws {
        let error = try loadError("link.bin") { folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/link.bin",
                withDestinationPath: "../outside.bin"
            )
        }
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("beneath the model's folder") == true)
    }

    @Test func `a file with a second hard link is refused`() throws {
        let error = try loadError("data.bin") { folder in
            try FileManager.default.linkItem(atPath: "\(folder)/data.bin", toPath: "\(folder)/../other.bin")
        }
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("hard link") == true)
    }

    @Test func `a model given as bytes can't have external data`() throws {
        let error = try Fixture.loadError(.bytes(Fixture.bytes("external_ok")))
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("external_ok.bin") == true)
    }

    @Test func `a broken model that could name a file never reaches the library`() throws {
        let error = try Fixture.loadError(.bytes(ONNXModelBuilder.external("data.bin") + [0xFF]))
        #expect(error?.code == .invalidModel)
        #expect(error?.cause == nil)
    }
}
