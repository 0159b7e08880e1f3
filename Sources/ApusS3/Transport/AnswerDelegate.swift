internal import ApusStorage
internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Collects one answer up to a limit, or hands its body to a sink.
final class AnswerDelegate: HTTPClientResponseDelegate {
    typealias Response = HTTPAnswer

    private struct State {
        var head: HTTPAnswerHead?
        var isSunk = false
        var body: [UInt8] = []
    }

    private let byteLimit: Int
    private let sink: (any BodySink)?
    private let state = Mutex(State())

    init(byteLimit: Int, sink: (any BodySink)?) {
        self.byteLimit = byteLimit
        self.sink = sink
    }

    func didReceiveHead(task: HTTPClient.Task<HTTPAnswer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let fields = head.headers.map { HTTPField(name: $0.name, value: $0.value) }
        let answer = HTTPAnswerHead(status: Int(head.status.code), fields: fields)
        do throws(StorageError) {
            let isSunk = try sink?.accepts(answer) ?? false
            state.withLock { state in
                state.head = answer
                state.isSunk = isSunk
            }
            return task.eventLoop.makeSucceededVoidFuture()
        } catch {
            return task.eventLoop.makeFailedFuture(error)
        }
    }

    func didReceiveBodyPart(task: HTTPClient.Task<HTTPAnswer>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        do throws(StorageError) {
            try take(buffer)
            return task.eventLoop.makeSucceededVoidFuture()
        } catch {
            return task.eventLoop.makeFailedFuture(error)
        }
    }

    func didFinishRequest(task: HTTPClient.Task<HTTPAnswer>) throws -> HTTPAnswer {
        let (head, isSunk, body) = state.withLock { ($0.head, $0.isSunk, $0.body) }
        guard let head else {
            throw StorageError(.unreachable, "the server ended its answer before the answer began")
        }
        if isSunk { try sink?.finish() }
        return HTTPAnswer(head: head, body: body)
    }

    private func take(_ buffer: ByteBuffer) throws(StorageError) {
        if let sink, state.withLock({ $0.isSunk }) {
            let outcome: Result<Void, StorageError> = unsafe buffer.withUnsafeReadableBytes { bytes in
                Result { () throws(StorageError) in unsafe try sink.take(bytes) }
            }
            return try outcome.get()
        }
        let fits = state.withLock { state in
            guard state.body.count + buffer.readableBytes <= byteLimit else { return false }
            state.body += buffer.readableBytesView
            return true
        }
        guard fits else {
            throw StorageError(.tooLarge, "the server's answer has more than the \(byteLimit) bytes that it may have")
        }
    }
}
