import ApusEngine
import Logging
import Testing

@testable import ApusServer

struct EngineReportTests {
    @Test func `it says what was found and where the rest was looked for`() {
        var configuration = ServerConfiguration()
        configuration.enginePath = "/nonexistent"
        let text = EngineReport(configuration).text
        #expect(text.hasPrefix("builtin 1\n  devices: CPU\n  library: built in\nonnxruntime: not found\n  "))
        #expect(text.contains("/nonexistent, /nonexistent/onnxruntime"))
        #expect(text.hasSuffix("\n"))
    }

    @Test func `a file that is no library is named`() {
        let folder = TemporaryFolder()
        folder.write("libonnxruntime.so", "not a library")
        var configuration = ServerConfiguration()
        configuration.enginePath = folder.place("libonnxruntime.so")
        #expect(EngineReport(configuration).text.contains("\(configuration.enginePath) can't be loaded"))
    }

    @Test func `a missing engine's files are still models`() {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let set = EngineSet(path: "/nonexistent", executableFolder: nil, threadCount: 1, logger: logger)
        #expect(set.modelFilenames == ["model.onnx"])
        #expect(set.missing.map(\.name) == ["onnxruntime"])
        #expect(set.engines.map(\.name) == ["builtin"])
    }
}
