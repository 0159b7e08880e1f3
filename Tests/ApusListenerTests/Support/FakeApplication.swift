import ApusCore
import NIOCore

@testable import ApusListener

/// Answers each request with its path and body, at once or when it is told.
final class FakeApplication: HTTPApplication {
    /// What arrived.
    struct Request: Equatable {
        var verb: String
        var path: String
        var body: String
    }

    /// When requests are answered.
    enum Mode {
        case atOnce
        case later
        /// In the connection's task.
        case inTask
    }

    var mode = Mode.atOnce
    var admission: (HTTPRequestHead) -> HTTPAdmission = { _ in .accept(AdmittedOperation(operation: .infer)) }
    /// What the body of an answer is made of.
    var content: (Request) -> String = { "\($0.path)|\($0.body)" }
    var requests: [Request] = []
    /// Bytes of memory behind each request's body.
    var roomBehindBodies: [Int] = []
    var waiting: [(request: Request, exchange: HTTPExchange)] = []
    var faults: [HTTPParsingFault] = []
    /// What became of each answer that was given later.
    var fates: [HTTPAnswerFate] = []
    /// What each answer that is given later holds of a budget.
    var charge: (budget: ByteBudget, byteCount: Int)?

    func admit(_ head: HTTPRequestHead) -> HTTPAdmission {
        admission(head)
    }

    func respond(
        to head: HTTPRequestHead,
        operation: AdmittedOperation,
        body: ByteBuffer,
        on exchange: HTTPExchange
    ) {
        let request = Request(verb: head.verb, path: head.text(head.path), body: String(buffer: body))
        requests.append(request)
        roomBehindBodies.append(body.storageCapacity - body.readerIndex - body.readableBytes)
        switch mode {
        case .atOnce: exchange.answer(HTTPResponseHead(status: 200), bytes: Array(content(request).utf8))
        case .later: waiting.append((request, exchange))
        case .inTask: exchange.perform {}
        }
    }

    func answer(to fault: HTTPParsingFault) -> (HTTPResponseHead, [UInt8]) {
        faults.append(fault)
        return (HTTPResponseHead(status: fault.status), Array("\(fault)".utf8))
    }

    /// Answers the request that has waited longest.
    func answerNext() {
        guard !waiting.isEmpty else { return }
        let (request, exchange) = waiting.removeFirst()
        var body = exchange.makeBody()
        body.buffer.writeString(content(request))
        if let charge { body.charge = ByteCharge(charge.byteCount, from: charge.budget) }
        let foretold = exchange.fate
        let fate = exchange.answer(HTTPResponseHead(status: 200), body)
        precondition(fate == foretold)
        fates.append(fate)
    }
}
