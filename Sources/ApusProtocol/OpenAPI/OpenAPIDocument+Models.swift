internal import ApusCore

extension OpenAPIDocument {
    /// Examples of more elements are left away: nobody reads them.
    private static let mostExampleElements = 4096

    /// A model's own path in plain JSON.
    func writePredict(_ model: ModelDescription, to text: inout JSONText) {
        text.key("/predict/\(model.id.name)")
        text.object { text in
            var post = OpenAPIOperation(
                id: "predict_\(model.id.name)",
                summary: "Ask \(model.id.name) in plain JSON",
                format: format
            )
            post.body = OpenAPIOperation.Body(
                isRequired: true,
                types: ["application/json", "text/csv"]
                    + (model.inputs.count == 1 ? ["application/octet-stream"] : [])
                    + (model.image == nil ? [] : ["image/jpeg", "image/png"])
            ) { writePlainBody(of: model, to: &$0) }
            if isShort(model) {
                post.body?.example = { PlainExample(model).write(to: &$0) }
            }
            post.otherAnswerTypes = ["text/csv", "application/octet-stream"]
            post.answer = { writePlainAnswer(of: model, to: &$0) }
            text.key("post")
            post.write(to: &text)
            guard model.inputs.count == 1 else { return }
            var get = OpenAPIOperation(
                id: "predict_\(model.id.name)_get",
                summary: "Ask \(model.id.name) with numbers in the URL",
                format: format
            )
            get.parameters = [("input_data", isInPath: false)]
            text.key("get")
            get.write(to: &text)
        }
    }

    private func writePlainBody(of model: ModelDescription, to text: inout JSONText) {
        let schemas = OpenAPISchemas(format)
        let inputs = "\(model.id.name).Inputs"
        guard format != .swagger2 else { return schemas.reference(inputs, to: &text) }
        text.object { text in
            text.key("anyOf")
            text.array { text in
                schemas.reference(inputs, to: &text)
                wrapped("inputs", to: &text) { schemas.reference(inputs, to: &$0) }
                guard let input = model.inputs.first, model.inputs.count == 1 else { return }
                wrapped("data", to: &text) { schemas.writeValue(input, to: &$0) }
                if !input.shape.isEmpty { schemas.writeValue(input, to: &text) }
            }
        }
    }

    private func wrapped(_ word: String, to text: inout JSONText, _ value: (inout JSONText) -> Void) {
        text.object { text in
            text.member("type", "object")
            text.key("required")
            text.array { $0.string(word) }
            text.key("properties")
            text.object { text in
                text.key(word)
                value(&text)
                text.key("parameters")
                text.raw(#"{"type":"object"}"#)
            }
            text.key("additionalProperties")
            text.bool(false)
        }
    }

    private func writePlainAnswer(of model: ModelDescription, to text: inout JSONText) {
        guard format != .swagger2 else { return text.raw("{}") }
        text.object { text in
            text.key("anyOf")
            text.array { text in
                OpenAPISchemas(format).reference("\(model.id.name).Outputs", to: &text)
                text.raw(#"{"type":"object","required":["outputs"],"properties":{"outputs":{}}}"#)
                text.raw(#"{"type":"object","required":["predictions"],"properties":{"predictions":{}}}"#)
                text.raw(#"{"type":"array","items":{}}"#)
                for type in ["number", "string", "boolean"] { text.raw(#"{"type":"\#(type)"}"#) }
                if format == .openapi31 { text.raw(#"{"type":"null"}"#) }
            }
        }
    }

    /// A model's own path of the v2 protocol.
    func writeInfer(_ model: ModelDescription, to text: inout JSONText) {
        text.key("/v2/models/\(model.id.name)/infer")
        text.object { text in
            var post = OpenAPIOperation(
                id: "infer_\(model.id.name)",
                summary: "Ask \(model.id.name) by the Open Inference Protocol (v2)",
                format: format
            )
            post.body = OpenAPIOperation.Body(isRequired: true, types: ["application/json"]) { [format] in
                OpenAPISchemas(format).reference("InferRequest", to: &$0)
            }
            if isShort(model) {
                post.body?.example = { writeInferExample(of: model, to: &$0) }
            }
            post.answer = { [format] in OpenAPISchemas(format).reference("InferAnswer", to: &$0) }
            text.key("post")
            post.write(to: &text)
        }
    }

    private func isShort(_ model: ModelDescription) -> Bool {
        PlainExample(model).elementCount.map { $0 <= OpenAPIDocument.mostExampleElements } ?? false
    }

    private func writeInferExample(of model: ModelDescription, to text: inout JSONText) {
        let example = PlainExample(model)
        text.object { text in
            text.key("inputs")
            text.array { text in
                for input in model.inputs where !input.isOptional {
                    guard let shape = example.shape(of: input) else { continue }
                    text.object { text in
                        text.member("name", input.name)
                        text.member("datatype", input.dataType.rawValue)
                        text.key("shape")
                        text.array { text in
                            for size in shape.dimensions { text.integer(size) }
                        }
                        text.key("data")
                        text.array { text in
                            for _ in 0..<shape.elementCount { text.raw(example.element(of: input)) }
                        }
                    }
                }
            }
        }
    }
}
