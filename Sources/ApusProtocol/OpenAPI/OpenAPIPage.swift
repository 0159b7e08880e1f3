package import ApusCore

/// The description as a page for people: no script, nothing from elsewhere.
package struct OpenAPIPage {
    private let server: OpenAPIDocument.Server
    private let models: [ModelDescription]

    /// The page of a server.
    package init(server: OpenAPIDocument.Server, models: [ModelDescription]) {
        self.server = server
        self.models = Array(models.prefix(OpenAPIDocument.mostModels))
    }

    /// What browsers are told that the page may load: its own style, known by its SHA-256, and nothing else.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'sha256-\(styleHash)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// SHA-256 of `style` in base64; a test compares them.
    static let styleHash = "6G1yASFEcY1Y012RSaBCG3PXOEc5EtkEtTxV/XzGsxA="
    static let style =
        "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
        + "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem;text-align:left}"
        + "pre{background:#f4f4f4;overflow:auto;padding:1rem}"

    /// The page, HTML in UTF-8.
    package var bytes: [UInt8] {
        var page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        page += "<meta name=\"viewport\" content=\"width=device-width\">"
        page += "<title>\(escaped(server.name))</title><style>\(OpenAPIPage.style)</style></head><body>"
        page += "<h1>\(escaped(server.name)) \(escaped(server.version))</h1>"
        page += "<p>For gateways and generators: <a href=\"/openapi.json\">OpenAPI 3.1</a>, "
        page += "<a href=\"/openapi.json?format=openapi3.0\">3.0</a>, "
        page += "<a href=\"/openapi.json?format=swagger2\">Swagger 2.0</a>.</p>"
        for model in models { page += section(of: model) }
        page += "<h2>Operations</h2><table><tr><th>Request</th><th>What it does</th></tr>"
        for operation in server.operations {
            for route in operation.routes {
                page += "<tr><td><code>\(route.verb.rawValue) \(escaped(route.pattern))</code></td>"
                page += "<td>\(escaped(operation.documentation.summary))</td></tr>"
            }
        }
        return Array((page + "</table></body></html>\n").utf8)
    }

    private func section(of model: ModelDescription) -> String {
        var page = "<h2>\(escaped(model.id.name.description))</h2>"
        page += "<table><tr><th></th><th>Name</th><th>Type</th><th>Shape</th></tr>"
        for (kind, tensors) in [("input", model.inputs), ("output", model.outputs)] {
            for tensor in tensors {
                let shape = tensor.shape.map { $0 < 0 ? "any" : String($0) }.joined(separator: " × ")
                page += "<tr><td>\(kind)\(tensor.isOptional ? ", optional" : "")</td><td>\(escaped(tensor.name))</td>"
                page += "<td>\(tensor.dataType.rawValue)</td><td>\(shape.isEmpty ? "one element" : shape)</td></tr>"
            }
        }
        let example = PlainExample(model).shortText.split(separator: "'").joined(separator: "'\\''")
        page += "</table><pre>curl -d '\(escaped(example))' http://HOST:PORT/predict/\(model.id.name)</pre>"
        return page + "<p><a href=\"/v2/models/\(model.id.name)/openapi.json\">Its description</a></p>"
    }

    private func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
