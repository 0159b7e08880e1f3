internal import ApusCore
internal import ApusProtocol
internal import Hummingbird
internal import NIOCore

/// Answers with descriptions of the server and its models.
struct OpenAPIAnswers: Sendable {
    let configuration: HTTPEdgeConfiguration

    /// Answers one request.
    func answer(_ request: Request, _ operation: AdmittedOperation) throws(InferenceError) -> Response {
        switch operation.operation {
        case .documentationPage:
            let page = OpenAPIPage(server: server, models: models())
            return response(page.bytes, "text/html; charset=utf-8", policy: OpenAPIPage.contentSecurityPolicy)
        case .modelOpenAPI:
            let model = try configuration.service.lease(operation.selector()).model.description
            return json(OpenAPIDocument(server: server, model: model, format: try format(of: request)))
        default:
            return json(OpenAPIDocument(server: server, models: models(), format: try format(of: request)))
        }
    }

    private var server: OpenAPIDocument.Server {
        let (name, version) = configuration.server
        return OpenAPIDocument.Server(name: name, version: version, operations: configuration.operations)
    }

    /// Models that can be asked; a model with many answers can't be asked over HTTP.
    private func models() -> [ModelDescription] {
        let names = Set(configuration.repository.index().filter { $0.state == .ready }.map(\.name)).sorted()
        var models: [ModelDescription] = []
        for name in names.prefix(OpenAPIDocument.mostModels).compactMap({ ModelName($0) }) {
            // One that has gone since it was listed is left out.
            guard let lease = try? configuration.service.lease(ModelSelector(name: name)) else { continue }
            if !lease.model.description.isDecoupled { models.append(lease.model.description) }
        }
        return models
    }

    private func format(of request: Request) throws(InferenceError) -> OpenAPIFormat {
        guard let name = request.uri.queryParameters["format"] else { return .openapi31 }
        guard let format = OpenAPIFormat(rawValue: String(name)) else {
            let names = OpenAPIFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw InferenceError(
                .invalidArgument,
                "unknown format '\(name)': expected one of \(names)",
                field: "format",
                expected: names,
                got: String(name)
            )
        }
        return format
    }

    private func json(_ document: OpenAPIDocument) -> Response {
        response(document.bytes, "application/json", policy: nil)
    }

    private func response(_ bytes: [UInt8], _ type: String, policy: String?) -> Response {
        var response = Response(
            status: .ok,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
        if let policy {
            response.headers[.contentSecurityPolicy] = policy
            response.headers[.xContentTypeOptions] = "nosniff"
        }
        return response
    }
}
