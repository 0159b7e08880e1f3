package import ApusCore
package import ApusListener
package import ApusTelemetry
package import Logging

/// The server's whole configuration, read and checked.
package struct ServerConfiguration: Sendable {
    /// The model repository: a folder or a storage's address; empty when none was named.
    package var models = ""
    /// The server's name in its metadata.
    package var serverID = "apus"
    /// File or folder of the ONNX Runtime library; empty to search.
    package var enginePath = ""
    /// Cores to use, up to 4096; 0 for those that the system grants.
    package var cpuBudget = 0
    /// Whether runs cheaper than a thread hop may run on event loops.
    package var allowsInlineRuns = true
    /// Versions that may load at the same time, 1 to 64.
    package var loadingThreads = 1
    /// The model that `/predict` asks; `nil` for the only one.
    package var defaultModel: ModelName?
    /// Whether one failed model keeps the server from being ready.
    package var isReadinessStrict = false
    /// Which models are served, and when the source is looked at.
    package var controlMode = ModelControlMode.none
    /// Whether models are loaded on demand; otherwise all are.
    package var isControlExplicit: Bool { controlMode == .explicit }
    /// Where versions are kept that come from elsewhere, and what is asked of them.
    package var store = StoreSettings()
    /// The process's variables: storages' credentials and keys are among them.
    package var environment: [String: String] = [:]
    /// Models that are loaded at the start when others are loaded on demand; `*` stands for all.
    package var modelsAtStart: [String] = []
    /// Whether the inference ports take control operations.
    package var isControlOnInferencePorts = false
    /// Where the control socket is; empty for none.
    package var controlSocket = ""
    /// Whether a load request may bring files.
    package var allowsFileOverrides = false
    /// Whether clients may pass tensors in system shared memory.
    package var allowsClientSharedMemory = false
    /// What keys of shared memory must begin with; any key when empty.
    package var sharedMemoryPrefixes: [String] = []
    /// The address that all ports listen on.
    package var host = "127.0.0.1"
    /// The first inference port, 0 to 65535; 0 for any free one, `nil` for none.
    package var httpPort: Int? = 8000
    /// The second inference port, where gRPC's clients look; speaks the same as the first.
    package var grpcPort: Int? = 8001
    /// The metrics port, 0 to 65535; 0 for any free one.
    package var metricsPort = 8002
    /// Whether it may listen beyond loopback without authentication.
    package var isInsecure = false
    /// Open connections, 1 to a million; more wait.
    package var maxConnections = 20_000
    /// What a request may bring.
    package var limits = InputLimits()
    /// Bytes of all requests being read or answered.
    package var inFlightBytes = 1 << 30
    /// Bytes of all remembered answers, of the models that ask for it; 0 to remember none.
    package var responseCacheBytes = 64 << 20
    /// Bytes of the smallest answer that is compressed.
    package var compressionFloor = 4096
    /// How long connections may take for what.
    package var timeouts = ConnectionTimeouts()
    /// How long it serves on after SIGTERM, not ready, while load balancers learn; nanoseconds.
    package var drainDelay: Int64 = 8_000_000_000
    /// How long what was accepted may take after that; nanoseconds.
    package var gracePeriod: Int64 = 30_000_000_000
    /// How log lines look.
    package var logFormat = LogFormat.readable
    /// The least serious level that is logged.
    package var logLevel = Logger.Level.info
    /// The file to append to; empty for standard error.
    package var logFile = ""
    /// Which requests get a line.
    package var accessLog = AccessLogMode.off

    /// The defaults.
    package init() {}

    /// Whether `host` can only be reached from this machine.
    package var isLoopbackOnly: Bool { LoopbackHost.includes(host[...]) }
}
