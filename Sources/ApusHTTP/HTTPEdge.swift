package import ApusCore
package import ApusListener
internal import ApusProtocol
package import NIOCore

/// The HTTP edge of one event loop: finds the operation, asks the gate, sends inferences the direct way and everything
/// else to Hummingbird's router.
package final class HTTPEdge: HTTPApplication {
    private let configuration: HTTPEdgeConfiguration
    private let table: RouteTable
    private let infer: InferRoute<V2Codec>
    private let tensorFlow: TensorFlowServingRoutes
    private let plain: InferRoute<PlainCodec>
    private let defaultModel: DefaultModel
    private let generate: InferRoute<GenerateCodec>
    private let generateStream: InferRoute<GenerateCodec>
    private let others: OperationRoutes
    private let controlHosts: ControlHosts
    /// What the last path meant: clients mostly ask for the same thing again.
    private var last: (verb: HTTPRoute.Verb?, path: String, operation: AdmittedOperation)?

    /// Makes the edge; `nil` when there is no memory.
    ///
    /// - Parameters:
    ///   - configuration: What it calls.
    ///   - operations: Those that this port offers.
    ///   - others: What answers everything that is no inference.
    package init?(configuration: HTTPEdgeConfiguration, operations: [Operation], others: OperationRoutes) {
        let limits = configuration.limits
        let services = EdgeServices(configuration)
        guard let codec = V2Codec(limits: limits, sharedMemory: configuration.sharedMemory),
            let plain = PlainCodec(limits: limits, libraries: configuration.images),
            let tensorFlow = TensorFlowServingRoutes(services: services)
        else { return nil }
        self.configuration = configuration
        self.table = RouteTable(operations: operations)
        self.infer = InferRoute(codec: codec, services: services)
        self.tensorFlow = tensorFlow
        self.plain = InferRoute(codec: plain, services: services)
        self.defaultModel = DefaultModel(configuration)
        self.generate = InferRoute(codec: GenerateCodec(isStream: false, limits: limits), services: services)
        self.generateStream = InferRoute(codec: GenerateCodec(isStream: true, limits: limits), services: services)
        self.others = others
        self.controlHosts = ControlHosts(configuration.hosts)
    }

    package func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        let verb: HTTPRoute.Verb? =
            switch head.method {
            case .get, .head: .get
            case .post: .post
            case .other: nil
            }
        if let last, last.verb == verb, head.hasPath(last.path) {
            return decide(last.operation, head: head)
        }
        switch table.find(verb, head.pathBytes) {
        case .found(let operation):
            last = (verb, head.text(head.path), operation)
            return decide(operation, head: head)
        case .notFound where TensorFlowServingRoutes.owns(head):
            return refuse(TensorFlowServingRoutes.malformed(head), form: .tensorFlow)
        case .notFound:
            return refuse(
                InferenceError(
                    .notFound,
                    "Not Found",
                    hint:
                        "inference ports have the paths of the v2 protocol, GET /v2/models for one; the metrics port has /metrics"
                )
            )
        case .wrongVerb(let allowed):
            let names = allowed.joined(separator: ", ")
            let isTensorFlow = TensorFlowServingRoutes.owns(head)
            var (answer, bytes) =
                isTensorFlow
                ? WireForm.tensorFlow.answer(to: TensorFlowServingRoutes.malformed(head, allowed: names))
                : HTTPStatusTable.answer(
                    to: InferenceError(.methodNotAllowed, "Method Not Allowed", expected: names, got: head.verb)
                )
            answer.fields.append(("Allow", names))
            configuration.observer.answered(status: answer.status)
            return .refuse(answer, bytes)
        }
    }

    package func respond(
        to head: HTTPRequestHead,
        operation: AdmittedOperation,
        body: ByteBuffer,
        on exchange: HTTPExchange
    ) {
        switch operation.operation {
        case .infer where operation.form.isTensorFlow:
            tensorFlow.respond(to: head, body: body, operation: operation, on: exchange)
        case .infer: infer.respond(to: head, body: body, operation: operation, on: exchange)
        case .predict: plain.respond(to: head, body: body, operation: operation, on: exchange)
        case .generate: generate.respond(to: head, body: body, operation: operation, on: exchange)
        case .generateStream: generateStream.respond(to: head, body: body, operation: operation, on: exchange)
        default: others.respond(to: head, body: body, operation: operation, on: exchange)
        }
    }

    package func answer(to fault: HTTPParsingFault) -> (HTTPResponseHead, [UInt8]) {
        var head = HTTPResponseHead(status: fault.status, closes: true)
        if fault.status == 503 { head.fields.append(("Retry-After", "1")) }
        configuration.observer.answered(status: fault.status)
        return (head, V2Documents.error(HTTPStatusTable.error(for: fault)))
    }

    private func decide(_ asked: AdmittedOperation, head: HTTPRequestHead) -> HTTPAdmission {
        var operation = asked
        var refusal: InferenceError?
        if asked.operation == .predict, asked.model == nil {
            // Before the gate, which may allow one model and not the other.
            do throws(InferenceError) {
                let name = try defaultModel.find()
                operation = AdmittedOperation(operation: .predict, model: name.description)
            } catch {
                refusal = error
            }
        }
        let credentials = head.authorization.map { Credentials(authorization: head.text($0)) } ?? .none
        switch configuration.gate.decide(operation.operation, model: operation.modelName, credentials: credentials) {
        case .allow(let caller):
            if let refusal { return refuse(refusal) }
            if operation.operation.role >= .operate, let refusal = controlHosts.refusal(of: head) {
                return refuse(refusal, form: operation.form)
            }
            return .accept(operation.asked(by: caller))
        case .deny(let error):
            return refuse(error, form: operation.form)
        }
    }

    private func refuse(_ error: InferenceError, form: WireForm = .openInference) -> HTTPAdmission {
        let (answer, bytes) = form.answer(to: error)
        configuration.observer.answered(status: answer.status)
        return .refuse(answer, bytes)
    }
}
