import ApusCore
import ApusEngine
import Foundation
import Synchronization

@testable import ApusONNXRuntime

/// Finds the engine's library, the fixture models and their expected outputs.
enum Fixture {
    /// Says why nothing can be tested here.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// The folder `Tests`, wherever the package lies.
    static let testsFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path

    /// Where tests look for the library.
    static let places: [LibraryPlace] = {
        if let configured = ProcessInfo.processInfo.environment["APUS_ENGINE_PATH"] {
            return ONNXRuntimeLibrary.searchPath(configured: configured, executableFolder: nil)
        }
        return [.path("\(testsFolder)/../.engines/onnxruntime")]
    }()

    /// What the library has logged so far.
    static let log = Mutex<[LogRecord]>([])

    private static let shared = Result {
        try ONNXRuntimeEngine(.init(places: places, threadCount: 1) { record in log.withLock { $0.append(record) } })
    }

    /// One engine for all tests, as in the server.
    static func engine() throws -> ONNXRuntimeEngine {
        do {
            return try shared.get()
        } catch {
            throw Missing(
                description: "These tests need ONNX Runtime: run `scripts/install-engine onnxruntime` or set "
                    + "APUS_ENGINE_PATH to its library. \(error)"
            )
        }
    }

    /// The path of a fixture model.
    static func path(_ model: String) -> String { "\(testsFolder)/Fixtures/models/\(model).onnx" }

    /// The bytes of a fixture model.
    static func bytes(_ model: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path(model)))) }

    /// Loads a fixture model by its path.
    static func load(_ model: String, _ parameters: [String: String] = [:]) throws -> any EngineSession {
        try engine().load(.file(path: path(model)), options: SessionOptions(modelName: model, parameters: parameters))
    }

    /// Loads a model that a test has written.
    static func load(_ bytes: [UInt8]) throws -> any EngineSession {
        try engine().load(.bytes(bytes), options: SessionOptions(modelName: "written"))
    }

    /// What loading a source fails with; `nil` when it doesn't fail.
    static func loadError(_ source: ModelSource, _ parameters: [String: String] = [:]) throws -> EngineError? {
        let options = SessionOptions(modelName: "m", parameters: parameters)
        do throws(EngineError) {
            _ = try engine(or: EngineError(.other, "no engine")).load(source, options: options)
            return nil
        } catch {
            return error
        }
    }

    /// The engine, for functions with typed errors.
    private static func engine(or failure: EngineError) throws(EngineError) -> ONNXRuntimeEngine {
        guard let engine = try? engine() else { throw failure }
        return engine
    }

    /// Makes an empty folder and removes it afterwards.
    static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    /// Fresh timings.
    static var timings: RequestTimings { RequestTimings(received: SystemTime().now) }
}
