internal import ApusCore
internal import ApusProtocol
internal import NIOCore

/// Reads the body of a repository index request: empty, or `{"ready": …}`.
enum RepositoryIndexQuery {
    /// Whether only ready models are asked for.
    ///
    /// - Throws: `invalidArgument` for a body that is neither.
    static func onlyReady(_ body: ByteBuffer) throws(InferenceError) -> Bool {
        guard body.readableBytes > 0 else { return false }
        guard body.readableBytes <= 1 << 20 else {
            throw InferenceError(
                .tooLarge,
                "the request's body is larger than an index request can be",
                expected: "an empty body or {\"ready\": true}",
                got: "\(body.readableBytes) bytes"
            )
        }
        guard let reader = JSONReader(maxDepth: 16) else {
            throw InferenceError(.resourceExhausted, "no memory for the request")
        }
        do throws(JSONFailure) {
            return try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) {
                json throws(JSONFailure) in
                try unsafe reader.begin(json)
                var onlyReady = false
                while try reader.nextMember() {
                    if reader.isKey("ready") {
                        onlyReady = try reader.readBool()
                    } else {
                        try reader.skip()
                    }
                }
                try reader.end()
                return onlyReady
            }
        } catch {
            throw InferenceError(
                .invalidArgument,
                "failed to parse the request JSON buffer: expected an empty body or {\"ready\": true}",
                field: "ready",
                expected: "true or false"
            )
        }
    }
}
