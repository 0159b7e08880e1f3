internal import ApusCore
internal import ApusModels
internal import ApusProtocol
internal import ApusScheduling
internal import Yams

/// What Apus adds to a model's configuration: `apus.yaml` in the model's folder.
///
/// It comes before `config.pbtxt`, which holds what Triton's users know.
///
/// ```yaml
/// scheduling:
///   latency_goal: 20ms
///   priority: high
///   allowed_batch_sizes: [1, 4, 16]
///   pad:
///     - {input: tokens, axis: 1, sizes: [32, 128], value: 0, outputs: {scores: 1}}
/// response_cache:
///   enable: true
///   time_to_live: 60s
/// validation:
///   age: {min: 0, max: 150}
///   comment: {preset: text}
/// image: {width: 224, height: 224, layout: NCHW, mean: 127.5, scale: 1/127.5}
/// ```
struct ModelSettings: Sendable, Equatable {
    /// The file's name.
    static let filename = ModelFolder.settingsFilename

    /// How the model's requests are scheduled.
    struct Scheduling: Sendable, Equatable {
        /// The p99 that batches are chosen for, in nanoseconds; `nil` when no goal is written.
        var latencyGoal: Int64?
        /// How the model stands to others; `nil` when none is written.
        var priority: ModelPriority?
        /// Numbers of rows that runs are filled up to, ascending; empty when none are written.
        var allowedBatchSizes: [Int] = []
        /// Inputs of variable length that are filled up.
        var pad: [Pad] = []

        fileprivate static let keys = ["latency_goal", "priority", "allowed_batch_sizes", "pad"]
    }

    /// Whether the model's answers are remembered.
    struct ResponseCache: Sendable, Equatable {
        /// Switches the cache on or off; `nil` leaves it to `config.pbtxt`.
        var isEnabled: Bool?
        /// How long an answer may be given, in nanoseconds; `nil` when no time is written.
        var timeToLive: Int64?
    }

    /// How the model's requests are scheduled.
    var scheduling = Scheduling()
    /// Whether the model's answers are remembered.
    var responseCache = ResponseCache()
    /// The steps of an ensemble; `nil` when none is written.
    var ensemble: EnsembleSettings?
    /// What inputs' values must be.
    var validation: [InputValidation] = []
    /// How pictures become an input; `nil` when it isn't written.
    var image: Image?

    /// Settings that say nothing.
    init() {}

    /// Reads a model's file; says nothing when there is none.
    ///
    /// - Throws: `invalidConfiguration` with every fault and its place.
    init(_ folder: ModelFolder) throws(ModelError) {
        let bytes = try folder.contents(of: ModelSettings.filename, byteLimit: 1 << 20) ?? []
        try self.init(text: String(decoding: bytes, as: UTF8.self), place: folder.place(of: ModelSettings.filename))
    }

    /// Reads a file's text; `place` is its name in messages.
    ///
    /// - Throws: `invalidConfiguration` with every fault and its place.
    init(text: String, place: String) throws(ModelError) {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw ModelError(.invalidConfiguration, "\(place) is not YAML: \(error)", cause: error)
        }
        var faults: [ConfigurationFault] = []
        let file = SettingsMapping(
            node,
            file: place,
            known: ["scheduling", "response_cache", "ensemble", "validation", "image"],
            faults: &faults
        )
        if let written = file.mapping("scheduling", known: Scheduling.keys, faults: &faults) {
            scheduling = Scheduling(written, faults: &faults)
        }
        if let written = file.mapping("response_cache", known: ["enable", "time_to_live"], faults: &faults) {
            responseCache = ResponseCache(written, faults: &faults)
        }
        if let written = file.mapping("ensemble", known: EnsembleSettings.keys, faults: &faults) {
            ensemble = EnsembleSettings(written, faults: &faults)
        }
        validation = file.entries("validation", known: InputValidation.keys, faults: &faults)
            .map { InputValidation($0.name, $0.mapping, faults: &faults) }
        if let written = file.mapping("image", known: Image.keys, faults: &faults) {
            image = Image(written, faults: &faults)
        }
        guard faults.isEmpty else {
            let words = faults.map(\.description).joined(separator: "; ")
            throw ModelError(.invalidConfiguration, words, cause: ConfigurationFaults(faults: faults))
        }
    }
}

extension ModelSettings {
    /// Leaves to a load request's configuration what it says itself: it comes before `apus.yaml`.
    mutating func yield(to configuration: ModelConfiguration) {
        if configuration.message.isSet("response_cache") { responseCache.isEnabled = nil }
        if configuration.optimization.priority != .standard { scheduling.priority = nil }
        if configuration.message.isSet("dynamic_batching") { scheduling.latencyGoal = nil }
    }
}

extension ModelSettings.Scheduling {
    fileprivate init(_ written: SettingsMapping, faults: inout [ConfigurationFault]) {
        if let word = written.text("priority", faults: &faults) {
            priority = ModelPriority(word: word)
            if priority == nil {
                written.refuse("priority", "expected high, normal or low, not '\(word)'", faults: &faults)
            }
        }
        latencyGoal = written.nanoseconds("latency_goal", faults: &faults)
        if latencyGoal == 0 {
            written.refuse("latency_goal", "expected more than nothing, for example 20ms", faults: &faults)
        }
        allowedBatchSizes = ModelSettings.Scheduling.sizes(written, faults: &faults)
        pad = ModelSettings.Scheduling.pads(written, faults: &faults)
    }
}

extension ModelSettings.ResponseCache {
    fileprivate init(_ written: SettingsMapping, faults: inout [ConfigurationFault]) {
        isEnabled = written.boolean("enable", faults: &faults)
        timeToLive = written.nanoseconds("time_to_live", faults: &faults)
        if timeToLive == 0 {
            written.refuse("time_to_live", "expected more than nothing, for example 60s", faults: &faults)
        }
    }
}

extension ModelPriority {
    fileprivate init?(word: String) {
        switch word {
        case "high": self = .high
        case "normal": self = .normal
        case "low": self = .low
        default: return nil
        }
    }
}
