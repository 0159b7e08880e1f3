internal import ApusEngine
internal import CONNXRuntime

/// The library's options for one session, while it is being opened.
@safe struct SessionSettings: ~Copyable {
    /// The library's object.
    let pointer: OpaquePointer
    private let library: ONNXRuntimeLibrary

    /// Starts with the library's defaults.
    init(_ library: ONNXRuntimeLibrary) throws(EngineError) {
        self.library = library
        unsafe self.pointer = try library.make("make session options") { out in
            unsafe CONNXRuntime_createSessionOptions(library.api, out)
        }
    }

    deinit {
        unsafe CONNXRuntime_releaseSessionOptions(library.api, pointer)
    }

    /// Sets the name under which the library logs.
    func setLogID(_ name: String) throws(EngineError) {
        try unsafe library.check(CONNXRuntime_setLogID(library.api, pointer, name), "name a session")
    }

    /// Sets an option by the library's name for it.
    func set(_ key: String, _ value: String) throws(EngineError) {
        try unsafe library.check(
            CONNXRuntime_addConfigurationEntry(library.api, pointer, key, value),
            "set \(key)"
        )
    }

    /// Runs on the environment's threads.
    func shareThreads() throws(EngineError) {
        try unsafe library.check(CONNXRuntime_shareGlobalThreads(library.api, pointer), "share threads")
    }

    /// Runs on threads of the session's own, which sleep when there is nothing to do.
    func setOwnThreads(intraOp: Int, interOp: Int, isParallel: Bool) throws(EngineError) {
        let api = unsafe library.api
        let mode = isParallel ? CONNXRuntime_modeParallel : CONNXRuntime_modeSequential
        try unsafe library.check(CONNXRuntime_setIntraOpThreads(api, pointer, Int32(clamping: intraOp)), "set threads")
        try unsafe library.check(CONNXRuntime_setInterOpThreads(api, pointer, Int32(clamping: interOp)), "set threads")
        try unsafe library.check(CONNXRuntime_setExecutionMode(api, pointer, Int32(mode)), "set the mode")
        try set("session.intra_op.allow_spinning", "0")
        try set("session.inter_op.allow_spinning", "0")
    }

    /// Chooses where memory for results comes from: the arena that sessions share, or the heap.
    func setMemory(usesArena: Bool, usesPattern: Bool) throws(EngineError) {
        let api = unsafe library.api
        if usesArena {
            try set("session.use_env_allocators", "1")
        } else {
            try unsafe library.check(CONNXRuntime_disableArena(api, pointer), "switch the arena off")
        }
        if !usesPattern {
            try unsafe library.check(CONNXRuntime_disableMemoryPattern(api, pointer), "switch memory patterns off")
        }
    }

    /// Adds an execution provider behind those added before.
    func append(_ provider: ExecutionProvider) throws(EngineError) {
        let pairs = provider.options.sorted { $0.key < $1.key }
        let keys = CStringList(pairs.map(\.key))
        let values = CStringList(pairs.map(\.value))
        if provider.name == ExecutionProvider.cuda {
            try appendCUDA(keys, values)
            return
        }
        let status = unsafe CONNXRuntime_appendProvider(
            library.api,
            pointer,
            provider.shortName,
            keys.pointers,
            values.pointers,
            keys.count
        )
        try unsafe library.check(status, "add \(provider.name)")
    }

    /// Adds the provider for NVIDIA devices, which has options of its own kind.
    private func appendCUDA(_ keys: CStringList, _ values: CStringList) throws(EngineError) {
        let api = unsafe library.api
        let cuda = try unsafe library.make("make CUDA options") { out in
            unsafe CONNXRuntime_createCUDAOptions(api, out)
        }
        defer { unsafe CONNXRuntime_releaseCUDAOptions(api, cuda) }
        if keys.count > 0 {
            let status = unsafe CONNXRuntime_updateCUDAOptions(api, cuda, keys.pointers, values.pointers, keys.count)
            try unsafe library.check(status, "set CUDA options")
        }
        try unsafe library.check(CONNXRuntime_appendCUDA(api, pointer, cuda), "add \(ExecutionProvider.cuda)")
    }
}
