package import ApusCore

/// Describes a server, or one of its models, for gateways and generators of clients.
package struct OpenAPIDocument {
    /// What is described.
    package struct Server: Sendable {
        /// The title.
        package let name: String
        /// The server's version.
        package let version: String
        /// What the port offers.
        package let operations: [Operation]

        /// Puts the parts together.
        package init(name: String, version: String, operations: [Operation]) {
            self.name = name
            self.version = version
            self.operations = operations
        }
    }

    /// Models that get paths of their own in the description of a whole server; all others have the paths with `{model}`.
    package static let mostModels = 200

    let server: Server
    let models: [ModelDescription]
    let format: OpenAPIFormat
    /// Whether only the paths of the models are described.
    let isOfOneModel: Bool

    /// Describes a whole server.
    package init(server: Server, models: [ModelDescription], format: OpenAPIFormat) {
        self.server = server
        self.models = Array(models.prefix(OpenAPIDocument.mostModels))
        self.format = format
        self.isOfOneModel = false
    }

    /// Describes one model.
    package init(server: Server, model: ModelDescription, format: OpenAPIFormat) {
        self.server = server
        self.models = [model]
        self.format = format
        self.isOfOneModel = true
    }

    /// The document.
    package var bytes: [UInt8] {
        var text = JSONText()
        text.object { text in
            switch format {
            case .openapi31: text.member("openapi", "3.1.0")
            case .openapi30: text.member("openapi", "3.0.3")
            case .swagger2: text.member("swagger", "2.0")
            }
            text.key("info")
            text.object { text in
                text.member("title", isOfOneModel ? models[0].id.name.description : server.name)
                text.member("version", isOfOneModel ? models[0].id.version.description : server.version)
            }
            text.key("paths")
            text.object { text in writePaths(to: &text) }
            if format == .swagger2 {
                text.key("definitions")
                text.object { text in writeSchemas(to: &text) }
            } else {
                text.key("components")
                text.object { text in
                    text.key("schemas")
                    text.object { text in writeSchemas(to: &text) }
                }
            }
        }
        return text.bytes
    }

    private func writePaths(to text: inout JSONText) {
        for model in models {
            if server.operations.contains(.predict) { writePredict(model, to: &text) }
            if server.operations.contains(.infer) { writeInfer(model, to: &text) }
        }
        if isOfOneModel {
            writeOwnPaths(of: models[0], to: &text)
        } else {
            writeOperations(to: &text)
        }
    }

    /// Every route of every operation, those of one path together.
    private func writeOperations(to text: inout JSONText) {
        var paths: [(path: String, operations: [(HTTPRoute, Operation, Int)])] = []
        for operation in server.operations {
            for (number, route) in operation.routes.enumerated() {
                if let index = paths.firstIndex(where: { $0.path == route.pattern }) {
                    paths[index].operations.append((route, operation, number))
                } else {
                    paths.append((route.pattern, [(route, operation, number)]))
                }
            }
        }
        for (path, operations) in paths {
            text.key(path)
            text.object { text in
                for (route, operation, number) in operations {
                    let id = number == 0 ? operation.rawValue : "\(operation.rawValue)\(number + 1)"
                    text.key(route.verb.rawValue.lowercased())
                    write(operation, id: id, route: route, to: &text)
                }
            }
        }
    }

    /// What one model has besides the inference.
    private func writeOwnPaths(of model: ModelDescription, to text: inout JSONText) {
        for operation in [Operation.modelMetadata, .modelReady] where server.operations.contains(operation) {
            guard let route = operation.routes.first else { continue }
            let path = route.pattern.split(separator: "/").map {
                $0 == "{model}" ? model.id.name.description : String($0)
            }
            text.key("/" + path.joined(separator: "/"))
            text.object { text in
                text.key("get")
                write(operation, id: operation.rawValue, route: HTTPRoute(.get, ""), to: &text)
            }
        }
    }

    private func write(
        _ operation: Operation,
        id: String,
        route: HTTPRoute,
        to text: inout JSONText
    ) {
        let documentation = operation.documentation
        var parts = OpenAPIOperation(id: id, summary: documentation.summary, format: format)
        for segment in route.pattern.split(separator: "/") where segment.hasPrefix("{") {
            // What TensorFlow Serving's paths have behind the name stays out of it.
            let name = segment.dropFirst().prefix { $0 != "}" }
            parts.parameters.append((String(name), isInPath: true))
        }
        if operation == .predict, route.verb == .get { parts.parameters.append(("input_data", isInPath: false)) }
        if operation == .openAPI || operation == .modelOpenAPI { parts.parameters.append(("format", isInPath: false)) }
        if route.verb == .post {
            // TensorFlow Serving's bodies have other forms than v2's.
            switch route.form == .openInference ? documentation.body : .any {
            case .none: break
            case .any: parts.body = .init(isRequired: true, types: ["application/json"]) { $0.raw("{}") }
            case .schema(let name, let isRequired):
                parts.body = .init(isRequired: isRequired, types: ["application/json"]) { [format] in
                    OpenAPISchemas(format).reference(name, to: &$0)
                }
            }
        }
        parts.answerType = documentation.answerType
        parts.answerStatus = documentation.answerStatus
        if let answer = documentation.answer {
            parts.answer = { [format] in OpenAPISchemas(format).reference(answer, to: &$0) }
        }
        parts.write(to: &text)
    }

    private func writeSchemas(to text: inout JSONText) {
        let schemas = OpenAPISchemas(format)
        schemas.writeCommon(to: &text)
        for model in models { schemas.write(model, to: &text) }
    }
}
