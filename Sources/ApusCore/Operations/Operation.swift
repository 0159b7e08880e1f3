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

    /// The role that a caller needs for it.
    package var role: Role {
        switch self {
        case .infer, .predict, .serverLive, .serverReady, .modelReady, .serverMetadata, .modelList, .modelMetadata,
            .modelStatus, .openAPI, .modelOpenAPI, .documentationPage:
            .infer
        case .modelConfiguration, .modelStatistics, .repositoryIndex, .metrics: .observe
        case .modelReload: .operate
        }
    }

    /// The HTTP routes that lead to it; `{model}`, `{version}`, `{number}` and `{label}` stand for one segment each, or
    /// for what stands before a colon in it.
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
        }
    }

    /// Whether it asks a model, and so has its own way beside Hummingbird's router.
    package var isInference: Bool { self == .infer || self == .predict }

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
}
