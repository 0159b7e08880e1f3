package import ApusCore

/// What the gRPC edge calls and what it allows.
package struct GRPCEdgeConfiguration: Sendable {
    /// Finds and asks models.
    package var service: any InferenceService
    /// Knows what is there.
    package var repository: any RepositoryControl
    /// Knows what models have done.
    package var statistics: any StatisticsSource
    /// Loads and unloads models.
    package var control: any ModelControl = NoModelControl()
    /// Keeps regions of memory that clients share.
    package var sharedMemory: any SharedMemoryRegions = NoSharedMemory()
    /// Keeps trace and log settings.
    package var settings: any ServerSettings = DefaultServerSettings()
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
    package var budget = ByteBudget(limit: .max)
    /// `name` and `version` of the server's metadata.
    package var server: (name: String, version: String) = ("apus", "0")
    /// The v2 extensions that the server has; nothing that it hasn't.
    package var extensions: [String] = []
    /// How often a watched health is looked at.
    package var healthInterval: Duration = .milliseconds(250)

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
    }
}
