internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// TensorFlow Serving's inferences on one event loop: a route for each of its verbs.
final class TensorFlowServingRoutes {
    private let predict: InferRoute<TensorFlowServingCodec>
    private let classify: InferRoute<TensorFlowServingCodec>
    private let regress: InferRoute<TensorFlowServingCodec>

    /// Makes the routes; `nil` when there is no memory.
    init?(services: EdgeServices) {
        guard let decoder = TensorFlowServingDecoder(limits: services.configuration.limits) else { return nil }
        func route(_ verb: TensorFlowServingCodec.Verb) -> InferRoute<TensorFlowServingCodec> {
            InferRoute(codec: TensorFlowServingCodec(verb: verb, decoder: decoder), services: services)
        }
        self.predict = route(.predict)
        self.classify = route(.classify)
        self.regress = route(.regress)
    }

    /// Answers one request; the answer may come after this returns.
    func respond(
        to head: HTTPRequestHead,
        body: ByteBuffer,
        operation: AdmittedOperation,
        on exchange: HTTPExchange
    ) {
        let route =
            switch operation.form {
            case .tensorFlowClassify: classify
            case .tensorFlowRegress: regress
            default: predict
            }
        route.respond(to: head, body: body, operation: operation, on: exchange)
    }

    /// Whether a path is below TensorFlow Serving's root.
    static func owns(_ head: HTTPRequestHead) -> Bool {
        let path = head.pathBytes
        return path.count >= 4 && path[0] == UInt8(ascii: "/") && path[1] | 0x20 == UInt8(ascii: "v")
            && path[2] == UInt8(ascii: "1") && path[3] == UInt8(ascii: "/")
    }

    /// The refusal of a path below its root that leads nowhere, or of a verb that doesn't go with it.
    static func malformed(_ head: HTTPRequestHead, allowed: String = "") -> InferenceError {
        let path = head.text(head.path)
        guard path.lowercased() != "/v1/models/" else {
            return InferenceError(.invalidArgument, "Missing model name in request.", field: "model")
        }
        return InferenceError(
            .invalidArgument,
            "Malformed request: \(head.verb) \(path)",
            expected: allowed,
            hint: "GET /v1/models/MODEL[/versions/N|/labels/L] and …/metadata, POST …:predict, …:classify and …:regress"
        )
    }
}
