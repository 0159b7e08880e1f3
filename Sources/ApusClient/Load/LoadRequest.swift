package import ApusCore
internal import NIOHTTP1

/// The one request that a load test sends over and over.
package struct LoadRequest: Sendable {
    /// The path, with model and version.
    package let path: String
    /// What is sent beside `Host` and `Content-Length`.
    package let headers: [(String, String)]
    /// The body.
    package let body: [UInt8]

    /// Encodes a request.
    ///
    /// - Parameters:
    ///   - request: The tensors.
    ///   - model: Whom to ask.
    ///   - isBinary: Whether tensors go as bytes, both ways, and not as JSON.
    /// - Throws: `.invalidOption` for a whole v2 request that is to go as bytes.
    package init(_ request: PreparedRequest, model: ModelSelector, isBinary: Bool) throws(ClientError) {
        self.path = HTTPModelServerConnection.path(model) + "/infer"
        if isBinary {
            let (body, headerLength) = try request.binaryBody()
            self.body = body
            self.headers = [
                ("Content-Type", "application/octet-stream"),
                ("Inference-Header-Content-Length", String(headerLength)),
            ]
        } else {
            self.body = request.jsonBody
            self.headers = [("Content-Type", "application/json")]
        }
    }

    /// The whole of it as it goes over the wire.
    ///
    /// - Parameters:
    ///   - url: Where to.
    ///   - timeout: The deadline that it brings; `nil` for none.
    /// - Returns: Head and body.
    package func encoded(for url: ServerURL, timeout: Duration? = nil) -> [UInt8] {
        var head = "POST \(path) HTTP/1.1\r\nHost: \(url.host)\r\nUser-Agent: apus-bench\r\n"
        if let timeout { head += "Apus-Timeout: \(LoadRequest.timeoutText(timeout))\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }

    /// A deadline in gRPC's grammar: at most eight digits and a unit.
    static func timeoutText(_ timeout: Duration) -> String {
        let microseconds = Int64(timeout / .microseconds(1))
        if microseconds < 100_000_000 { return "\(max(1, microseconds))u" }
        return "\(min(99_999_999, microseconds / 1_000))m"
    }

    /// Sends it once, so that what is wrong with it shows before the load.
    package func probe(_ url: ServerURL, timeout: Duration = .seconds(60)) async throws(ClientError) {
        let answer = try await HTTPConnection(to: url)
            .request(.POST, path, headers: headers, body: body, timeout: timeout)
        guard answer.status == 200 else { throw ClientError(refusal: answer, from: url) }
    }
}
