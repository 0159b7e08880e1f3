package import ApusCore
package import ApusListener
internal import ApusProtocol
package import NIOCore

/// The HTTP edge of one event loop: finds the operation, asks the gate, sends inferences the direct way and everything
/// else to Hummingbird's router.
package final class HTTPEdge: HTTPApplication {
    private let configuration: HTTPEdgeConfiguration
    private let table: RouteTable
    private let infer: InferRoute
    private let others: OperationRoutes
    /// What `admit` found out about the head that `respond` will be called with next.
    private var admitted: (match: RouteTable.Match, caller: Caller)?

    /// Makes the edge.
    ///
    /// - Parameters:
    ///   - configuration: What it calls.
    ///   - operations: Those that this port offers.
    ///   - others: What answers everything that is no inference.
    /// - Returns: `nil` when there is no memory.
    package init?(configuration: HTTPEdgeConfiguration, operations: [Operation], others: OperationRoutes) {
        guard let infer = InferRoute(configuration: configuration) else { return nil }
        self.configuration = configuration
        self.table = RouteTable(operations: operations)
        self.infer = infer
        self.others = others
    }

    package func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        admitted = nil
        let verb: HTTPRoute.Verb? =
            switch head.method {
            case .get, .head: .get
            case .post: .post
            case .other: nil
            }
        switch table.find(verb, head.pathBytes) {
        case .found(let match):
            return decide(match, head: head)
        case .notFound:
            return refuse(InferenceError(.notFound, "Not Found", hint: "the paths are those of the v2 protocol"))
        case .wrongVerb(let allowed):
            let names = allowed.joined(separator: ", ")
            var (answer, bytes) = HTTPStatusTable.answer(
                to: InferenceError(.methodNotAllowed, "Method Not Allowed", expected: names, got: head.verb)
            )
            answer.fields.append(("Allow", names))
            configuration.observer.answered(status: answer.status)
            return .refuse(answer, bytes)
        }
    }

    package func respond(to head: HTTPRequestHead, body: ByteBuffer, on exchange: HTTPExchange) {
        guard let admitted else { return }
        self.admitted = nil
        if admitted.match.operation == .infer {
            infer.respond(to: head, body: body, match: admitted.match, caller: admitted.caller, on: exchange)
        } else {
            others.respond(to: head, body: body, match: admitted.match, on: exchange)
        }
    }

    package func answer(to fault: HTTPParsingFault) -> (HTTPResponseHead, [UInt8]) {
        var head = HTTPResponseHead(status: fault.status, closes: true)
        if fault.status == 503 { head.fields.append(("Retry-After", "1")) }
        configuration.observer.answered(status: fault.status)
        return (head, V2Documents.error(HTTPStatusTable.error(for: fault)))
    }

    private func decide(_ match: RouteTable.Match, head: HTTPRequestHead) -> HTTPAdmission {
        let credentials = head.authorization.map { Credentials(authorization: head.text($0)) } ?? .none
        let model = match.model.flatMap { ModelName($0) }
        switch configuration.gate.decide(match.operation, model: model, credentials: credentials) {
        case .allow(let caller):
            admitted = (match, caller)
            return .accept
        case .deny(let error):
            return refuse(error)
        }
    }

    private func refuse(_ error: InferenceError) -> HTTPAdmission {
        let (answer, bytes) = HTTPStatusTable.answer(to: error)
        configuration.observer.answered(status: answer.status)
        return .refuse(answer, bytes)
    }
}
