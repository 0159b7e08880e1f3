internal import ApusCore
internal import ApusProtocol
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Answers to those who want the source of models looked at.
struct SourceUpdateAnswers: Sendable {
    let updates: any SourceUpdates

    /// Begins a look, or says how far one is.
    func answer(_ operation: AdmittedOperation) throws(InferenceError) -> Response {
        guard operation.operation == .sourceUpdate else { return try report(operation.version) }
        let number = try updates.begin()
        var response = SourceUpdateAnswers.json(.accepted, #"{"message": "Model update initiated"}"#)
        response.headers[.location] = "/update-model/\(number)"
        return response
    }

    private func report(_ text: String?) throws(InferenceError) -> Response {
        let number = text.flatMap { Int($0) }
        guard text == nil || number != nil, let report = updates.report(of: number) else {
            throw InferenceError(
                .notFound,
                "there is no update of this number",
                field: "update",
                got: text ?? "",
                hint: "GET /update-model tells of the newest"
            )
        }
        var text = JSONText()
        text.object { text in
            text.key("update")
            text.integer(Int64(report.number))
            text.member("state", report.state.rawValue)
            text.member("reason", report.reason)
            text.key("failures")
            text.array { text in
                for failure in report.failures {
                    text.object { text in
                        text.member("model", failure.model)
                        text.member("version", failure.version)
                        text.member("reason", failure.reason)
                    }
                }
            }
        }
        return SourceUpdateAnswers.json(.ok, String(decoding: text.bytes, as: UTF8.self))
    }

    private static func json(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
