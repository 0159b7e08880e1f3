/// Collects the faults of a configuration whose fields are well formed one by one.
struct ModelConfigurationValidator {
    /// How many faults are kept; a file can hold a hundred thousand, and nobody reads or wants to log those.
    static let maximumFaults = 256

    /// The configuration to judge.
    let configuration: ModelConfiguration

    /// Whether absent fields are final.
    let isComplete: Bool

    /// What is wrong, in the order of the checks.
    private(set) var faults: [ModelConfigurationError] = []

    /// Starts without faults.
    init(configuration: ModelConfiguration, isComplete: Bool) {
        self.configuration = configuration
        self.isComplete = isComplete
    }

    /// The fields as they stand in the file.
    var message: ModelConfigurationMessage {
        configuration.message
    }

    /// Whether `max_batch_size` is final, so that other fields can be held against it.
    var isBatchSizeKnown: Bool {
        isComplete || message.isSet("max_batch_size")
    }

    /// Records a fault.
    mutating func report(
        _ code: ModelConfigurationError.Code = .invalidValue,
        at position: TextPosition?,
        _ text: String
    ) {
        guard faults.count < Self.maximumFaults else { return }
        faults.append(ModelConfigurationError(code, at: position, text))
    }

    /// Checks what concerns the model as a whole.
    mutating func checkModel() {
        if isComplete, configuration.name.isEmpty {
            report(.missingField, at: nil, "'name' is missing; set it to the name of the model's folder")
        }
        if isComplete, configuration.platform.isEmpty, configuration.backend.isEmpty {
            report(.missingField, at: nil, "'backend' is missing; set it, for example to \"onnxruntime\"")
        }
        if configuration.maxBatchSize < 0 {
            report(
                at: message.position(of: "max_batch_size"),
                "'max_batch_size' is \(configuration.maxBatchSize); "
                    + "write 0 for a model without a batch dimension, else the largest batch"
            )
        }
        checkVersions()
        if configuration.responseCacheEnabled, configuration.isDecoupled {
            report(
                .conflictingFields,
                at: message.position(of: "response_cache"),
                "'response_cache' cannot be used with 'model_transaction_policy.decoupled', "
                    + "because such a model gives any number of responses; switch one of the two off"
            )
        }
    }

    /// Checks that a list of versions can be served.
    private mutating func checkVersions() {
        guard let specific = message.message("version_policy")?.message("specific") else { return }
        let versions = specific.field("versions")?.elements ?? []
        if versions.isEmpty {
            report(
                at: message.position(of: "version_policy"),
                "'version_policy.specific' names no version, so none could be served; list some in 'versions'"
            )
        }
        for element in versions {
            guard case .signed(let version) = element.value, version < 1 else { continue }
            report(at: element.position, "version \(version) cannot exist; versions are numbered from 1")
        }
    }

    /// Checks that no instance is asked for where it can't be.
    mutating func checkInstanceGroups() {
        for element in message.field("instance_group")?.elements ?? [] {
            guard case .message(let group) = element.value else { continue }
            let kind = group.enumeration("kind")?.name ?? ""
            if group.signed("count") < 0 {
                report(
                    at: group.position(of: "count"),
                    "'instance_group.count' is \(group.signed("count")); write how many instances to run, at least 1"
                )
            }
            if kind == "KIND_CPU" || kind == "KIND_MODEL", !group.values("gpus").isEmpty {
                report(
                    .conflictingFields,
                    at: group.position(of: "gpus"),
                    "'instance_group.gpus' names GPUs, but the kind is \(kind); "
                        + "remove 'gpus', or set the kind to KIND_GPU"
                )
            }
            for gpu in group.field("gpus")?.elements ?? [] {
                guard case .signed(let number) = gpu.value, number < 0 else { continue }
                report(at: gpu.position, "GPU \(number) cannot exist; GPUs are numbered from 0")
            }
        }
    }
}
