import ApusCore
import NIOCore

@testable import ApusListener

/// A connection that drops all answers and keeps who is to be called back.
final class DeafConnection: HTTPAnswering {
    /// The last one that was noted.
    private(set) var cancellation = CancellationHandle.finished

    func makeBody() -> HTTPResponseBody { HTTPResponseBody(reusing: ByteBuffer()) }

    func perform(_ number: UInt64, _ work: @escaping @Sendable () async -> Void) {}

    func note(_ number: UInt64, _ cancellation: CancellationHandle) { self.cancellation = cancellation }

    func callBack(_ number: UInt64) { cancellation.cancel() }

    func fate(of number: UInt64) -> HTTPAnswerFate { .sent }

    func answer(
        _ number: UInt64,
        _ head: consuming HTTPResponseHead,
        _ body: consuming HTTPResponseBody
    ) -> HTTPAnswerFate { .sent }

    func begin(_ number: UInt64, _ head: consuming HTTPResponseHead) -> HTTPAnswerFate { .sent }

    func append(_ number: UInt64, _ part: consuming HTTPResponseBody) -> HTTPAnswerFate { .sent }

    func end(_ number: UInt64) -> HTTPAnswerFate { .sent }

    func breakOff(_ number: UInt64) {}

    func demand(of number: UInt64) -> Int { 1 }

    func whenDemanded(_ number: UInt64, _ resume: @escaping @Sendable () -> Void) {}
}
