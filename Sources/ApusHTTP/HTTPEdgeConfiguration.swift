package import ApusCore
package import ApusImages

/// What the HTTP edge calls and what it allows.
package struct HTTPEdgeConfiguration: Sendable {
    /// Finds and asks models.
    package var service: any InferenceService
    /// Knows what is there.
    package var repository: any RepositoryControl
    /// Knows what models have done.
    package var statistics: any StatisticsSource
    /// Loads and unloads models.
    package var control: any ModelControl = NoModelControl()
    /// Has the source of models looked at.
    package var updates: any SourceUpdates = NoSourceUpdates()
    /// Knows what versions consist of.
    package var records: any VersionRecords = NoVersionRecords()
    /// Keeps regions of memory that clients share.
    package var sharedMemory: any SharedMemoryRegions = NoSharedMemory()
    /// Keeps trace and log settings.
    package var settings: any ServerSettings = DefaultServerSettings()
    /// Names and addresses that the server goes by, besides those of the loopback interface.
    package var hosts: [String] = []
    /// Knows whether the server may receive traffic.
    package var health: any Health
    /// Decides who may do what.
    package var gate: any Gate
    /// Is told how requests ended.
    package var observer: any RequestObserver
    /// The clock.
    package var time: any TimeSource
    /// Sizes of what clients may send.
    package var limits: InputLimits
    /// What requests and answers in flight may take together.
    package var budget: ByteBudget
    /// Does what is too much for an event loop.
    package var work: any WorkQueue
    /// What decodes pictures.
    package var images: ImageLibraries
    /// The least bytes of an answer worth compressing.
    package var compressionFloor: Int
    /// `name` and `version` of the server's metadata.
    package var server: (name: String, version: String)
    /// The model that `/predict` asks; `nil` for the only one.
    package var defaultModel: ModelName?
    /// What the inference ports offer, for their description.
    package var operations: [Operation]
    /// Makes the text of `/metrics`.
    package var renderMetrics: @Sendable () -> [UInt8]

    /// Puts the parts together.
    package init(
        models: (service: any InferenceService, repository: any RepositoryControl, statistics: any StatisticsSource),
        health: any Health,
        gate: any Gate,
        observer: any RequestObserver,
        time: any TimeSource,
        limits: InputLimits
    ) {
        self.service = models.service
        self.repository = models.repository
        self.statistics = models.statistics
        self.health = health
        self.gate = gate
        self.observer = observer
        self.time = time
        self.limits = limits
        self.budget = ByteBudget(limit: .max)
        self.work = WorkInPlace()
        self.images = ImageLibraries()
        self.compressionFloor = 4096
        self.server = ("apus", "0")
        self.defaultModel = nil
        self.operations = Operation.allCases.filter { !$0.isOnMetricsPort }
        self.renderMetrics = { [] }
    }

    /// The v2 extensions that the server has, in Triton's words; nothing that it hasn't.
    package var extensions = HTTPEdgeConfiguration.alwaysThere

    /// The extensions that every server has.
    package static let alwaysThere = [
        "sequence", "schedule_policy", "model_configuration", "binary_tensor_data", "parameters", "statistics",
        "logging",
    ]
}
