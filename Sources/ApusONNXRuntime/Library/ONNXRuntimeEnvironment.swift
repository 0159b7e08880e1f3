internal import ApusEngine
internal import CONNXRuntime

/// The library's process-wide state: its threads, its log, the memory that sessions share.
///
/// The library makes one environment for a process and counts its users; threads and log are those of the first.
/// Unchecked because of the library's pointers, which are constant and safe to use from any thread.
@safe final class ONNXRuntimeEnvironment: @unchecked Sendable {
    /// Where the environment comes from.
    let library: ONNXRuntimeLibrary
    /// The library's environment.
    let handle: OpaquePointer
    /// Describes the process's ordinary memory.
    let memoryInfo: OpaquePointer
    /// The library's plain allocator, which lives as long as the library.
    let allocator: OpaquePointer

    /// Starts the library's threads.
    init(
        library: ONNXRuntimeLibrary,
        threadCount: Int,
        severity: LogRecord.Severity,
        onRecord: @escaping @Sendable (LogRecord) -> Void
    ) throws(EngineError) {
        self.library = library
        unsafe self.handle = try Self.makeHandle(library, threadCount, severity, LogSink(onRecord))
        unsafe self.memoryInfo = try library.make("describe memory") { out in
            unsafe CONNXRuntime_createCPUMemoryInfo(
                library.api,
                Int32(CONNXRuntime_arenaAllocator),
                Int32(CONNXRuntime_defaultMemory),
                out
            )
        }
        unsafe self.allocator = try library.make("find its allocator") { out in
            unsafe CONNXRuntime_defaultAllocator(library.api, out)
        }
        shareArena()
    }

    deinit {
        unsafe CONNXRuntime_releaseMemoryInfo(library.api, memoryInfo)
        unsafe CONNXRuntime_releaseEnvironment(library.api, handle)
    }

    /// Makes the environment with its own thread pool and log.
    private static func makeHandle(
        _ library: ONNXRuntimeLibrary,
        _ threadCount: Int,
        _ severity: LogRecord.Severity,
        _ sink: LogSink
    ) throws(EngineError) -> OpaquePointer {
        let api = unsafe library.api
        let threading = try unsafe library.make("make its threads' options") { out in
            unsafe CONNXRuntime_createThreadingOptions(api, out)
        }
        defer { unsafe CONNXRuntime_releaseThreadingOptions(api, threading) }
        let count = Int32(clamping: max(1, threadCount))
        try unsafe library.check(CONNXRuntime_setGlobalIntraOpThreads(api, threading, count), "set its threads")
        try unsafe library.check(CONNXRuntime_setGlobalInterOpThreads(api, threading, 1), "set its threads")
        try unsafe library.check(CONNXRuntime_setGlobalSpinning(api, threading, 0), "switch spinning off")
        let address = unsafe sink.makeImmortalAddress()
        return try unsafe library.make("start") { out in
            unsafe CONNXRuntime_createEnvironment(
                api,
                LogSink.callback,
                address,
                severity.rawValue,
                "apus",
                threading,
                out
            )
        }
    }

    /// Registers the arena that the sessions of larger models share.
    ///
    /// A second engine in the process finds it registered already; that is no failure, so the status is dropped.
    private func shareArena() {
        unsafe library.discard(CONNXRuntime_registerSharedAllocator(library.api, handle, memoryInfo, nil))
    }

    /// The execution providers that this build of the library has.
    func makeProviderList() throws(EngineError) -> [String] {
        let api = unsafe library.api
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        var count: Int32 = 0
        try unsafe library.check(CONNXRuntime_listProviders(api, &names, &count), "list its execution providers")
        guard let names = unsafe names else { return [] }
        defer { unsafe library.discard(CONNXRuntime_releaseProviders(api, names, count)) }
        return unsafe UnsafeBufferPointer(start: names, count: Int(count)).compactMap { name in
            unsafe name.map { unsafe String(cString: $0) }
        }
    }
}
