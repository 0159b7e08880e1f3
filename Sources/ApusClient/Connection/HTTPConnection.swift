package import NIOCore
package import NIOHTTP1
internal import NIOPosix

/// A way to one server over HTTP/1.1, for commands that ask a question or two.
///
/// Every request opens a socket of its own and closes it, so that there is no connection that may have gone stale.
/// For load, see `LoadGenerator`.
package struct HTTPConnection: Sendable {
    /// The server.
    package let url: ServerURL
    /// The largest body accepted from it, in bytes.
    package let maxBodyBytes: Int
    private let group: any EventLoopGroup

    /// Remembers where the server is; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - url: The server.
    ///   - maxBodyBytes: The largest body accepted from it.
    ///   - group: The event loops to run on.
    package init(
        to url: ServerURL,
        maxBodyBytes: Int = 256 << 20,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) {
        self.url = url
        self.maxBodyBytes = maxBodyBytes
        self.group = group
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - method: The verb.
    ///   - path: The path, already percent-encoded.
    ///   - headers: What to send beside `Host`, `Content-Length` and `Connection`.
    ///   - body: The body.
    ///   - timeout: The longest time from here to the answer's last byte.
    /// - Returns: The answer, whatever its status.
    /// - Throws: `.unreachable`, `.timeout` or `.invalidAnswer`.
    package func request(
        _ method: HTTPMethod,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        timeout: Duration = .seconds(60)
    ) async throws(ClientError) -> HTTPAnswer {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: HTTPHeaders(headers))
        head.headers.replaceOrAdd(name: "Host", value: url.host)
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        head.headers.replaceOrAdd(name: "User-Agent", value: "apus")
        if !body.isEmpty || method == .POST {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(body.count))
        }
        do {
            return try await exchange(head, body: body, timeout: timeout)
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(connecting: url, timeout: timeout, cause: error)
        }
    }

    private func exchange(
        _ head: HTTPRequestHead,
        body: [UInt8],
        timeout: Duration
    ) async throws -> HTTPAnswer {
        let loop = group.next()
        let answer = loop.makePromise(of: HTTPAnswer.self)
        let collecting = HTTPAnswerCollector.Configuration(url: url, maxBodyBytes: maxBodyBytes, timeout: timeout)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(TimeAmount(timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        let collector = HTTPAnswerCollector(configuration: collecting, answer: answer)
                        try channel.pipeline.syncOperations.addHandler(collector)
                    }
                }
                .connect(to: url)
                .get()
        } catch {
            answer.fail(error)
            throw error
        }
        return try await withTaskCancellationHandler {
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            if !body.isEmpty {
                channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
            }
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            return try await answer.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

extension ClientBootstrap {
    /// Connects to a server wherever it listens.
    func connect(to url: ServerURL) -> EventLoopFuture<any Channel> {
        switch url.address {
        case .tcp(let host, let port): connect(host: host, port: port)
        case .unix(let path): connect(unixDomainSocketPath: path)
        }
    }
}
