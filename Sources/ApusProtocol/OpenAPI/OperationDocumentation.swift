internal import ApusCore

/// What people are told of an operation.
struct OperationDocumentation {
    /// What a request's body is.
    enum Body {
        case none
        case schema(String, isRequired: Bool)
        /// Any JSON.
        case any
    }

    let summary: String
    var body = Body.none
    /// The schema of the answer; `nil` for any JSON.
    var answer: String?
    /// The media type of the answer.
    var answerType = "application/json"
    /// The status of an answer to a request that is well.
    var answerStatus = "200"
}

extension Operation {
    /// What people are told of it; an operation without words of its own gets its name.
    var documentation: OperationDocumentation {
        OperationDocumentation.known[self]
            ?? OperationDocumentation(
                summary: Operation.words(rawValue),
                body: routes.contains { $0.verb == .post } ? .any : .none
            )
    }

    /// `modelList` as `Model list`.
    private static func words(_ name: String) -> String {
        var words = ""
        for character in name {
            if character.isUppercase { words.append(" ") }
            words.append(words.isEmpty ? character.uppercased() : character.lowercased())
        }
        return words
    }
}

extension OperationDocumentation {
    /// Words for operations.
    fileprivate static let known: [Operation: OperationDocumentation] = [
        .infer: OperationDocumentation(
            summary: "Ask a model, by the Open Inference Protocol (v2)",
            body: .schema("InferRequest", isRequired: true),
            answer: "InferAnswer"
        ),
        .predict: OperationDocumentation(summary: "Ask a model in plain JSON", body: .any),
        .serverLive: OperationDocumentation(summary: "Whether the process answers", answer: "Object"),
        .serverReady: OperationDocumentation(summary: "Whether the server may receive traffic", answer: "Object"),
        .modelReady: OperationDocumentation(summary: "Whether a model answers", answer: "Object"),
        .serverMetadata: OperationDocumentation(summary: "What server this is", answer: "Object"),
        .modelList: OperationDocumentation(summary: "The names of the models", answer: "Object"),
        .modelMetadata: OperationDocumentation(summary: "A model's inputs and outputs", answer: "Object"),
        .modelConfiguration: OperationDocumentation(summary: "A model's whole configuration", answer: "Object"),
        .modelStatistics: OperationDocumentation(summary: "What models have done so far", answer: "Object"),
        .repositoryIndex: OperationDocumentation(
            summary: "What the repository holds, in which state",
            body: .schema("IndexRequest", isRequired: false),
            answer: "List"
        ),
        .openAPI: OperationDocumentation(summary: "This description", answer: "Object"),
        .modelOpenAPI: OperationDocumentation(summary: "The description of one model", answer: "Object"),
        .documentationPage: OperationDocumentation(
            summary: "This description as a page",
            answerType: "text/html"
        ),
        .generate: OperationDocumentation(
            summary: "Ask a model for one answer, inputs and outputs as members of objects",
            body: .any,
            answer: "Object"
        ),
        .generateStream: OperationDocumentation(
            summary: "Ask a model for any number of answers, as server-sent events",
            body: .any,
            answerType: "text/event-stream"
        ),
        .modelLoad: OperationDocumentation(summary: "Load a model, or load it anew", body: .any, answer: "Object"),
        .modelUnload: OperationDocumentation(summary: "Take a model out of service", body: .any, answer: "Object"),
        .sourceUpdate: OperationDocumentation(
            summary: "Have the source of models looked at now; the answer's Location says where its progress is told",
            answer: "Object",
            answerStatus: "202"
        ),
        .sourceUpdateStatus: OperationDocumentation(summary: "How far a look at the source is", answer: "Object"),
        .versionManifest: OperationDocumentation(
            summary: "What a version consists of and where it comes from, loaded or not",
            answer: "Object"
        ),
        .metrics: OperationDocumentation(
            summary: "The metrics, in Prometheus' format",
            answerType: "text/plain"
        ),
    ]
}
