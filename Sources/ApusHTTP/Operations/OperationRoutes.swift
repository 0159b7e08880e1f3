package import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import NIOCore

/// Everything over HTTP that is no inference, behind Hummingbird's router.
///
/// The table of operations has found the operation and the gate has let it pass; the router is built from the same
/// table, so that middleware and streamed bodies have their usual place.
package final class OperationRoutes: Sendable {
    private let respond: @Sendable (Request, OperationContext) async throws -> Response
    private let services: EdgeServices
    private let logger: Logger

    /// Builds the router for the operations of one port.
    package init(configuration: HTTPEdgeConfiguration, operations: [Operation], logger: Logger) {
        self.services = EdgeServices(configuration)
        self.logger = logger
        // Some routes are read without regard to case; the table of routes has told the others apart by it already.
        let router = Router(context: OperationContext.self, options: .caseInsensitive)
        let answers = OperationAnswers(configuration: configuration)
        // The router takes `/v2` and `/v2/` for the same path and wants it once.
        var known: Set<String> = []
        for operation in operations where !operation.isInference {
            for route in operation.routes {
                let path = route.pattern.replacingBraces()
                guard known.insert("\(route.verb.rawValue) \(path)").inserted else { continue }
                let method: HTTPRequest.Method = route.verb == .get ? .get : .post
                router.on(RouterPath(path), method: method) { request, context in
                    try await answers.answer(request, context: context)
                }
            }
        }
        let responder = router.buildResponder()
        self.respond = { request, context in try await responder.respond(to: request, context: context) }
    }

    /// Answers a request in its connection's task; called on the event loop.
    func respond(
        to head: HTTPRequestHead,
        body: ByteBuffer,
        operation: AdmittedOperation,
        on exchange: HTTPExchange
    ) {
        let method = HTTPRequest.Method(head.verb == "HEAD" ? "GET" : head.verb) ?? .get
        var fields = HTTPFields()
        for field in head.fields {
            guard let name = HTTPField.Name(head.text(field.name)) else { continue }
            fields.append(HTTPField(name: name, value: head.text(field.value)))
        }
        let path = head.query.isEmpty ? head.text(head.path) : "\(head.text(head.path))?\(head.text(head.query))"
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: nil, path: path, headerFields: fields),
            body: RequestBody(buffer: body)
        )
        let context = OperationContext(source: OperationContext.Source(logger: logger, operation: operation))
        let reporter = RequestReporter(
            services: services,
            operation: operation.operation,
            received: exchange.received,
            selector: try? operation.selector(),
            bytesIn: body.readableBytes
        )
        exchange.perform { [self] in
            let (answer, bytes) = await answer(request, context: context)
            exchange.loop.eventLoop.execute {
                let fate = exchange.answer(answer, bytes: bytes)
                guard fate == .sent else { return reporter.dropped(fate) }
                reporter.answered(status: answer.status, byteCount: bytes.count)
            }
        }
    }

    private func answer(_ request: Request, context: OperationContext) async -> (HTTPResponseHead, [UInt8]) {
        do {
            let response = try await respond(request, context)
            let collector = BodyCollector()
            try await response.body.write(collector)
            var head = HTTPResponseHead(status: response.status.code)
            for field in response.headers where field.name != .contentLength {
                if field.name == .contentType {
                    head.contentType = field.value
                } else {
                    head.fields.append((field.name.rawName, field.value))
                }
            }
            guard head.status < 400 || !collector.bytes.isEmpty else {
                // Hummingbird's own refusals have no body, and ours always have one.
                let phrase = HTTPResponseHead.phrase(head.status)
                return (head, V2Documents.error(InferenceError(.invalidArgument, phrase)))
            }
            return (head, collector.bytes)
        } catch let error as InferenceError {
            return context.operation.form.answer(to: error)
        } catch {
            return context.operation.form.answer(
                to: InferenceError(.internalFailure, "the operation failed: \(error)", cause: error)
            )
        }
    }
}

extension String {
    /// `/a/{b}` as Hummingbird spells it: `/a/:b`.
    fileprivate func replacingBraces() -> String {
        split(separator: "/", omittingEmptySubsequences: true)
            .map { $0.hasPrefix("{") ? ":\($0.dropFirst().dropLast())" : String($0) }
            .reduce(into: "") { $0 += "/\($1)" }
    }
}
