import ApusCore
import NIOCore

@testable import ApusListener

/// Answers calls: `/a/unary` with its message, `/a/stream` as the test tells it, everything else not at all.
final class FakeGRPCApplication: GRPCApplication, GRPCUnaryHandler {
    /// One streaming call.
    final class Stream: GRPCStreamHandler {
        let call: GRPCCall
        var messages: [String] = []
        var hasEnded = false
        var closeCount = 0
        /// Whether messages are taken as they come.
        var takes = true

        init(call: GRPCCall) {
            self.call = call
        }

        func receive(_ message: GRPCMessage) {
            messages.append(String(buffer: message.bytes))
            if takes { call.taken(message.bytes.readableBytes) }
        }

        func receiveEnd() { hasEnded = true }
        func close() { closeCount += 1 }

        func send(_ text: String) -> HTTPAnswerFate {
            var body = call.makeBody()
            body.buffer.writeString(text)
            return call.send(body)
        }
    }

    /// Whether unary calls wait for `answerNext`.
    var isLate = false
    var heads: [GRPCRequestHead] = []
    var streams: [Stream] = []
    var waiting: [(message: String, call: GRPCCall)] = []
    var refusals: [GRPCStatus] = []
    var takesMessages = true

    func admit(_ head: GRPCRequestHead, on call: GRPCCall) -> GRPCAdmission {
        heads.append(head)
        switch head.path {
        case "/a/unary": return .unary(self)
        case "/a/stream":
            let stream = Stream(call: call)
            stream.takes = takesMessages
            streams.append(stream)
            return .stream(stream)
        default: return .refuse(GRPCStatus(.unimplemented, "unknown method '\(head.path)'"))
        }
    }

    func respond(to head: GRPCRequestHead, message: GRPCMessage, on call: GRPCCall) {
        waiting.append((String(buffer: message.bytes), call))
        if !isLate { answerNext() }
    }

    func refused(_ status: GRPCStatus) { refusals.append(status) }

    func answerNext() {
        guard !waiting.isEmpty else { return }
        let (message, call) = waiting.removeFirst()
        var body = call.makeBody()
        body.buffer.writeString(message)
        call.send(body)
        call.finish(.ok)
    }
}
