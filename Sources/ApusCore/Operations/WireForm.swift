/// In whose words a route asks and is answered, where several protocols lead to the same operation.
///
/// The gate decides by operation and doesn't look at it.
package enum WireForm: String, Hashable, Sendable {
    /// The Open Inference Protocol, version 2.
    case openInference
    /// TensorFlow Serving, for what is no inference; KServe's first protocol shares its paths.
    case tensorFlow
    /// TensorFlow Serving's predict, which is KServe's first protocol's too.
    case tensorFlowPredict
    /// TensorFlow Serving's classify.
    case tensorFlowClassify
    /// TensorFlow Serving's regress.
    case tensorFlowRegress

    /// Whether it is one of TensorFlow Serving's.
    package var isTensorFlow: Bool { self != .openInference }
}

extension HTTPRoute {
    /// TensorFlow Serving's three routes of something that a model, one of its versions, or a labelled one does.
    package static func forTensorFlowModel(_ verb: Verb, suffix: String, form: WireForm = .tensorFlow) -> [HTTPRoute] {
        ["", "/versions/{number}", "/labels/{label}"].map {
            HTTPRoute(verb, "/v1/models/{model}\($0)\(suffix)", form: form)
        }
    }
}
