/// Something that a caller can ask the server to do.
///
/// The one list of everything reachable: both edges build their routes from it and the gate decides by it, so that a
/// second route to the same thing can't be forgotten by the gate.
package enum Operation: String, Sendable, CaseIterable {
    /// Ask a model for an inference.
    case infer
    /// Ask a model in plain JSON, CSV or raw bytes.
    case predict
    /// Ask whether the process answers.
    case serverLive
    /// Ask whether the server may receive traffic.
    case serverReady
    /// Ask whether a model or one of its versions answers.
    case modelReady
    /// Ask what server this is.
    case serverMetadata
    /// Ask for the names of the models.
    case modelList
    /// Ask for a model's inputs and outputs.
    case modelMetadata
    /// Ask for the state of a model's versions.
    case modelStatus
    /// Ask for a model's complete configuration.
    case modelConfiguration
    /// Ask what models have done so far.
    case modelStatistics
    /// Ask what the repository holds, in which state.
    case repositoryIndex
    /// Replace the list of models that are served; gRPC alone has it.
    case modelReload
    /// Ask for a description of the server that gateways can read.
    case openAPI
    /// Ask for such a description of a model.
    case modelOpenAPI
    /// Ask for the description as a page.
    case documentationPage
    /// Ask for the metrics, in Prometheus' format.
    case metrics
    /// Ask a model for one answer, inputs and outputs as plain members of JSON objects.
    case generate
    /// The same for any number of answers, as server-sent events.
    case generateStream
    /// Load a model, or load it anew.
    case modelLoad
    /// Take a model out of service.
    case modelUnload
    /// Ask which regions of system memory clients share.
    case systemSharedMemoryStatus
    /// Share a region of system memory.
    case systemSharedMemoryRegister
    /// Share a region, or all, no longer.
    case systemSharedMemoryUnregister
    /// Ask which regions of GPU memory clients share.
    case cudaSharedMemoryStatus
    /// Share a region of GPU memory.
    case cudaSharedMemoryRegister
    /// Share a region, or all, no longer.
    case cudaSharedMemoryUnregister
    /// Ask for the trace settings of the server or of a model.
    case traceSettings
    /// Change them.
    case updateTraceSettings
    /// Ask for the log settings.
    case logSettings
    /// Change them.
    case updateLogSettings
    /// Have the source of models looked at now.
    case sourceUpdate
    /// Ask how far that is.
    case sourceUpdateStatus
    /// Ask what a version consists of, and where it comes from.
    case versionManifest

    /// The role that a caller needs for it.
    package var role: Role {
        switch self {
        case .infer, .predict, .generate, .generateStream, .serverLive, .serverReady, .modelReady, .serverMetadata,
            .modelList, .modelMetadata, .modelStatus, .openAPI, .modelOpenAPI, .documentationPage:
            .infer
        case .modelConfiguration, .modelStatistics, .repositoryIndex, .metrics, .systemSharedMemoryStatus,
            .cudaSharedMemoryStatus, .traceSettings, .logSettings, .sourceUpdateStatus, .versionManifest:
            .observe
        case .modelLoad, .modelUnload, .modelReload, .systemSharedMemoryRegister, .systemSharedMemoryUnregister,
            .cudaSharedMemoryRegister, .cudaSharedMemoryUnregister, .updateTraceSettings, .updateLogSettings,
            .sourceUpdate:
            .operate
        }
    }

    /// The HTTP routes that lead to it; `{model}`, `{version}`, `{number}`, `{label}`, `{repository}` and `{region}`
    /// stand for one segment each, or for what stands before a colon in it.
    package var routes: [HTTPRoute] {
        switch self {
        case .infer:
            HTTPRoute.forModel(.post, suffix: "/infer")
                + HTTPRoute.forTensorFlowModel(.post, suffix: ":predict", form: .tensorFlowPredict)
                + HTTPRoute.forTensorFlowModel(.post, suffix: ":classify", form: .tensorFlowClassify)
                + HTTPRoute.forTensorFlowModel(.post, suffix: ":regress", form: .tensorFlowRegress)
        case .predict:
            [
                HTTPRoute(.post, "/predict"), HTTPRoute(.get, "/predict"),
                HTTPRoute(.post, "/predict/{model}"), HTTPRoute(.get, "/predict/{model}"),
                HTTPRoute(.post, "/predict/{model}/versions/{version}"),
                HTTPRoute(.get, "/predict/{model}/versions/{version}"),
            ]
        case .serverLive: [HTTPRoute(.get, "/v2/health/live"), HTTPRoute(.get, "/", form: .tensorFlow)]
        case .serverReady: [HTTPRoute(.get, "/v2/health/ready")]
        case .modelReady: HTTPRoute.forModel(.get, suffix: "/ready")
        case .serverMetadata: [HTTPRoute(.get, "/v2"), HTTPRoute(.get, "/v2/")]
        case .modelList: [HTTPRoute(.get, "/v2/models"), HTTPRoute(.get, "/v1/models", form: .tensorFlow)]
        case .modelMetadata:
            HTTPRoute.forModel(.get, suffix: "") + HTTPRoute.forTensorFlowModel(.get, suffix: "/metadata")
        case .modelStatus: HTTPRoute.forTensorFlowModel(.get, suffix: "")
        case .modelConfiguration: HTTPRoute.forModel(.get, suffix: "/config")
        case .modelStatistics: [HTTPRoute(.get, "/v2/models/stats")] + HTTPRoute.forModel(.get, suffix: "/stats")
        case .repositoryIndex:
            [HTTPRoute(.post, "/v2/repository/index"), HTTPRoute(.post, "/v2/repository/{repository}/index")]
        case .modelReload: []
        case .openAPI: [HTTPRoute(.get, "/openapi.json")]
        case .modelOpenAPI: HTTPRoute.forModel(.get, suffix: "/openapi.json")
        case .documentationPage: [HTTPRoute(.get, "/docs")]
        case .metrics: [HTTPRoute(.get, "/metrics"), HTTPRoute(.get, "/metrics/")]
        case .generate: HTTPRoute.forModel(.post, suffix: "/generate")
        case .generateStream: HTTPRoute.forModel(.post, suffix: "/generate_stream")
        case .modelLoad: HTTPRoute.forControl("/load")
        case .modelUnload: HTTPRoute.forControl("/unload")
        case .systemSharedMemoryStatus: HTTPRoute.forRegions(.get, "/v2/systemsharedmemory", "/status")
        case .systemSharedMemoryRegister: [HTTPRoute(.post, "/v2/systemsharedmemory/region/{region}/register")]
        case .systemSharedMemoryUnregister: HTTPRoute.forRegions(.post, "/v2/systemsharedmemory", "/unregister")
        case .cudaSharedMemoryStatus: HTTPRoute.forRegions(.get, "/v2/cudasharedmemory", "/status")
        case .cudaSharedMemoryRegister: [HTTPRoute(.post, "/v2/cudasharedmemory/region/{region}/register")]
        case .cudaSharedMemoryUnregister: HTTPRoute.forRegions(.post, "/v2/cudasharedmemory", "/unregister")
        case .traceSettings: HTTPRoute.forTraces(.get)
        case .updateTraceSettings: HTTPRoute.forTraces(.post)
        case .logSettings: [HTTPRoute(.get, "/v2/logging")]
        case .updateLogSettings: [HTTPRoute(.post, "/v2/logging")]
        case .sourceUpdate: [HTTPRoute(.post, "/update-model")]
        case .sourceUpdateStatus: [HTTPRoute(.get, "/update-model"), HTTPRoute(.get, "/update-model/{number}")]
        case .versionManifest: [HTTPRoute(.get, "/v2/models/{model}/versions/{version}/manifest")]
        }
    }

    /// Whether it may be asked for at any port that only this machine can reach, as long as callers have no keys: it takes
    /// nothing from the caller and only has what is configured looked at.
    package var isHarmlessOnLoopback: Bool { self == .sourceUpdate }

    /// Whether it asks a model, and so has its own way beside Hummingbird's router.
    package var isInference: Bool {
        switch self {
        case .infer, .predict, .generate, .generateStream: true
        default: false
        }
    }

    /// Whether it belongs to the metrics port and not to the inference ports.
    package var isOnMetricsPort: Bool { self == .metrics }
}

/// What a caller may do; each role includes the ones before it.
package enum Role: Int, Sendable, Comparable {
    /// Use models.
    case infer
    /// See what they are and do.
    case observe
    /// Load, unload and switch them.
    case operate
    /// Everything.
    case admin

    package static func < (lhs: Role, rhs: Role) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

/// A verb and a path pattern.
package struct HTTPRoute: Hashable, Sendable {
    /// The verbs in use.
    package enum Verb: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// The verb.
    package let verb: Verb
    /// The path; segments in braces match any one segment.
    package let pattern: String
    /// In whose words it is asked and answered.
    package let form: WireForm

    /// Joins verb and pattern.
    package init(_ verb: Verb, _ pattern: String, form: WireForm = .openInference) {
        self.verb = verb
        self.pattern = pattern
        self.form = form
    }

    /// The two routes of something that a model or one of its versions does.
    package static func forModel(_ verb: Verb, suffix: String) -> [HTTPRoute] {
        [
            HTTPRoute(verb, "/v2/models/{model}\(suffix)"),
            HTTPRoute(verb, "/v2/models/{model}/versions/{version}\(suffix)"),
        ]
    }

    /// The two routes of loading and unloading; the second is Triton's for several repositories, of which there is one.
    fileprivate static func forControl(_ suffix: String) -> [HTTPRoute] {
        [
            HTTPRoute(.post, "/v2/repository/models/{model}\(suffix)"),
            HTTPRoute(.post, "/v2/repository/{repository}/models/{model}\(suffix)"),
        ]
    }

    /// The two routes of something that is done with all regions or with one.
    fileprivate static func forRegions(_ verb: Verb, _ prefix: String, _ suffix: String) -> [HTTPRoute] {
        [HTTPRoute(verb, prefix + suffix), HTTPRoute(verb, "\(prefix)/region/{region}\(suffix)")]
    }

    /// The two routes of trace settings: the server's, and a model's.
    fileprivate static func forTraces(_ verb: Verb) -> [HTTPRoute] {
        [HTTPRoute(verb, "/v2/trace/setting"), HTTPRoute(verb, "/v2/models/{model}/trace/setting")]
    }
}
