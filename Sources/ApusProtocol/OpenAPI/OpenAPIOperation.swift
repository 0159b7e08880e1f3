/// One operation of a description, in any of its formats.
struct OpenAPIOperation {
    /// A request's body.
    struct Body {
        var isRequired: Bool
        /// Its media types; the schema is of the first, the others are bytes.
        var types: [String]
        var schema: (inout JSONText) -> Void
        var example: ((inout JSONText) -> Void)?

        init(isRequired: Bool, types: [String], schema: @escaping (inout JSONText) -> Void) {
            self.isRequired = isRequired
            self.types = types
            self.schema = schema
        }
    }

    let id: String
    let summary: String
    let format: OpenAPIFormat
    var parameters: [(name: String, isInPath: Bool)] = []
    var body: Body?
    var answerType = "application/json"
    /// The status of an answer to a request that is well.
    var answerStatus = "200"
    /// More media types that the answer may have.
    var otherAnswerTypes: [String] = []
    var answer: ((inout JSONText) -> Void)?

    init(id: String, summary: String, format: OpenAPIFormat) {
        self.id = id
        self.summary = summary
        self.format = format
    }

    func write(to text: inout JSONText) {
        text.object { text in
            text.member("operationId", id)
            text.member("summary", summary)
            if format == .swagger2 {
                text.key("produces")
                text.array { text in
                    for type in [answerType] + otherAnswerTypes { text.string(type) }
                    if answerType != "application/json" { text.string("application/json") }
                }
                if let body {
                    text.key("consumes")
                    text.array { text in
                        for type in body.types { text.string(type) }
                    }
                }
            }
            writeParameters(to: &text)
            if let body, format != .swagger2 { write(body, to: &text) }
            text.key("responses")
            text.object { text in writeAnswers(to: &text) }
        }
    }

    private func writeParameters(to text: inout JSONText) {
        guard !parameters.isEmpty || format == .swagger2 && body != nil else { return }
        text.key("parameters")
        text.array { text in
            for (name, isInPath) in parameters { write(parameter: name, isInPath: isInPath, to: &text) }
            guard format == .swagger2, let body else { return }
            text.object { text in
                text.member("name", "body")
                text.member("in", "body")
                text.key("required")
                text.bool(body.isRequired)
                text.key("schema")
                body.schema(&text)
                if let example = body.example {
                    text.key("x-example")
                    example(&text)
                }
            }
        }
    }

    private func write(parameter name: String, isInPath: Bool, to text: inout JSONText) {
        text.object { text in
            text.member("name", name)
            text.member("in", isInPath ? "path" : "query")
            text.key("required")
            text.bool(isInPath || name == "input_data")
            if format == .swagger2 {
                text.member("type", "string")
                return
            }
            text.key("schema")
            text.object { text in
                text.member("type", "string")
                if name == "format" {
                    text.key("enum")
                    text.array { text in
                        for format in OpenAPIFormat.allCases { text.string(format.rawValue) }
                    }
                }
            }
        }
    }

    private func write(_ body: Body, to text: inout JSONText) {
        text.key("requestBody")
        text.object { text in
            text.key("required")
            text.bool(body.isRequired)
            text.key("content")
            text.object { text in
                for (number, type) in body.types.enumerated() {
                    text.key(type)
                    text.object { text in
                        text.key("schema")
                        if number == 0 { body.schema(&text) } else { text.raw(#"{"type":"string"}"#) }
                        guard number == 0, let example = body.example else { return }
                        text.key("example")
                        example(&text)
                    }
                }
            }
        }
    }

    private func writeAnswers(to text: inout JSONText) {
        text.key(answerStatus)
        text.object { text in
            text.member("description", "The answer.")
            if format == .swagger2 {
                guard answerType == "application/json", let answer else { return }
                text.key("schema")
                answer(&text)
                return
            }
            text.key("content")
            text.object { text in
                text.key(answerType)
                text.object { text in
                    text.key("schema")
                    if let answer {
                        answer(&text)
                    } else {
                        text.raw(answerType == "application/json" ? "{}" : #"{"type":"string"}"#)
                    }
                }
                for type in otherAnswerTypes {
                    text.key(type)
                    text.raw(#"{"schema":{"type":"string"}}"#)
                }
            }
        }
        text.key("default")
        text.object { text in
            text.member("description", "What was wrong, and what would have been right.")
            if format != .swagger2 {
                text.key("content")
                text.object { text in
                    text.key("application/json")
                    text.object { text in
                        text.key("schema")
                        OpenAPISchemas(format).reference("Error", to: &text)
                    }
                    // What answers with events tells of errors by an event too.
                    if answerType == "text/event-stream" {
                        text.key(answerType)
                        text.raw(#"{"schema":{"type":"object"}}"#)
                    }
                }
            } else {
                text.key("schema")
                OpenAPISchemas(format).reference("Error", to: &text)
            }
        }
    }
}
