internal import ApusEngine
internal import CONNXRuntime

/// Opens one model with the options that its configuration asks for.
struct SessionLoader {
    /// Models up to this size get no arena: measured with 200 sessions of an iris model, an arena costs 38 KiB for each
    /// and 20 µs at its first run, and makes later runs no faster.
    static let tinyByteCount = 256 * 1024

    /// Where the session will live.
    let environment: ONNXRuntimeEnvironment
    /// For messages and the library's log.
    let modelName: String
    /// What the configuration asks for.
    let parameters: SessionParameters
    /// The CPU budget, for sessions with threads of their own.
    let threadCount: Int
    /// Where sessions are opened that make threads of their own.
    let openingThread: OpeningThread

    private var library: ONNXRuntimeLibrary { environment.library }

    /// Opens a model from memory; the memory isn't needed any more afterwards.
    func open(_ bytes: RawSpan) throws(EngineError) -> SessionHandle {
        try unsafe bytes.withUnsafeBytes { (buffer) throws(EngineError) in
            nonisolated(unsafe) let buffer = unsafe buffer
            return try onSuitableThread { () throws(EngineError) in try unsafe make(from: buffer) }
        }
    }

    /// Opens a model by its path, for the sake of the files beside it, which have been checked.
    func open(path: String) throws(EngineError) -> SessionHandle {
        try onSuitableThread { () throws(EngineError) in try make(from: path) }
    }

    /// Does something here, or where the threads that it starts get the priority that computing should have.
    private func onSuitableThread(
        _ body: @escaping @Sendable () throws(EngineError) -> SessionHandle
    ) throws(EngineError) -> SessionHandle {
        guard parameters.hasOwnThreads || !parameters.providers.isEmpty else { return try body() }
        return try openingThread.run(body)
    }

    private func make(from buffer: UnsafeRawBufferPointer) throws(EngineError) -> SessionHandle {
        let options = try makeOptions(usesArena: parameters.usesArena ?? (buffer.count > Self.tinyByteCount))
        var session: OpaquePointer?
        let status = unsafe withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { spare in
            unsafe CONNXRuntime_createSessionFromBytes(
                library.api,
                environment.handle,
                buffer.baseAddress ?? UnsafeRawPointer(spare.baseAddress!),
                buffer.count,
                options.pointer,
                &session
            )
        }
        return try unsafe finish(status, session)
    }

    private func make(from path: String) throws(EngineError) -> SessionHandle {
        let options = try makeOptions(usesArena: parameters.usesArena ?? true)
        var session: OpaquePointer?
        let status = unsafe CONNXRuntime_createSession(
            library.api,
            environment.handle,
            path,
            options.pointer,
            &session
        )
        return try unsafe finish(status, session)
    }

    /// Takes over the session or says why there is none.
    private func finish(_ status: OpaquePointer?, _ session: OpaquePointer?) throws(EngineError) -> SessionHandle {
        if let status = unsafe status {
            throw EngineError(loading: modelName, unsafe library.takeFailure(status))
        }
        guard let session = unsafe session else {
            throw EngineError(.other, "ONNX Runtime gave no session for model '\(modelName)'")
        }
        return unsafe SessionHandle(environment: environment, pointer: session)
    }

    /// Collects the options.
    private func makeOptions(usesArena: Bool) throws(EngineError) -> SessionSettings {
        let settings = try SessionSettings(library)
        try settings.setLogID(modelName)
        // Without this the library would guess another format from the file's name or its first bytes.
        try settings.set("session.load_model_format", "ONNX")
        try setThreads(settings)
        try settings.setMemory(usesArena: usesArena, usesPattern: parameters.usesMemoryPattern)
        for provider in parameters.providers { try settings.append(provider) }
        return settings
    }

    /// Shares the process's threads, or makes some for this model alone.
    private func setThreads(_ settings: borrowing SessionSettings) throws(EngineError) {
        guard parameters.hasOwnThreads else {
            guard parameters.staysOnCaller else { return try settings.shareThreads() }
            return try settings.setOwnThreads(intraOp: 1, interOp: 1, isParallel: false)
        }
        try settings.setOwnThreads(
            intraOp: parameters.intraOpThreadCount ?? threadCount,
            interOp: parameters.interOpThreadCount ?? (parameters.isParallel ? threadCount : 1),
            isParallel: parameters.isParallel
        )
    }
}
