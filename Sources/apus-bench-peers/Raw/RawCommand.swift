internal import ApusEngine
internal import ApusONNXRuntime
internal import ArgumentParser
internal import NIOCore

/// Runs a model in a loop, with no server around it.
struct RawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "raw",
        abstract: "Run a model in ONNX Runtime in a loop and print runs per second as JSON."
    )

    @Option(help: "The model's file.")
    var model: String

    @Option(help: "Threads that call the engine, each with an instance of its own.")
    var threads = 1

    @Option(help: "Threads that the engine shares among all runs; all cores when left out.")
    var engineThreads: Int?

    @Option(help: "How long to run, after a short warm-up.")
    var seconds = 5.0

    @Option(help: "What to put for a dynamic first dimension.")
    var batch = 1

    @Option(help: "ONNX Runtime's library, its folder, or a folder of engines.")
    var enginePath = ".engines"

    func validate() throws {
        guard threads > 0, engineThreads ?? 1 > 0, batch > 0, seconds > 0 else {
            throw ValidationError("threads, batch and seconds must be more than 0")
        }
    }

    func run() async throws {
        let session = try makeSession()
        let loop = try RawLoop(session: session, batch: batch)
        _ = try await loop.run(threads: threads, seconds: min(1, seconds / 4))
        print(try await loop.run(threads: threads, seconds: seconds).json)
    }

    /// Opens the model as the server does.
    private func makeSession() throws -> any EngineSession {
        let engine = try ONNXRuntimeEngine(
            ONNXRuntimeEngine.Configuration(
                places: ONNXRuntimeLibrary.searchPath(configured: enginePath, executableFolder: nil),
                threadCount: engineThreads ?? System.coreCount,
                onLogRecord: { _ in }
            )
        )
        return try engine.load(.file(path: model), options: SessionOptions(modelName: "raw"))
    }
}
