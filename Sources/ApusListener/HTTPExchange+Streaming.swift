internal import NIOCore

/// Answers that come in parts: a head, any number of parts, one end; all on the event loop only.
///
/// Each part leaves at once. Who has more than one part asks for the demand before each, and waits while it is 0: what
/// is written nevertheless stays in memory until the client takes it.
extension HTTPExchange {
    /// Starts the answer; `answer` can't be called any more.
    @discardableResult
    package func begin(_ head: consuming HTTPResponseHead) -> HTTPAnswerFate {
        connection.value.begin(number, head)
    }

    /// Writes a part of the body, made with `makeBody`; an empty one writes nothing.
    ///
    /// - Returns: `clientGone` when nobody waits for it; `cancel(with:)` tells that at once.
    @discardableResult
    package func append(_ part: consuming HTTPResponseBody) -> HTTPAnswerFate {
        connection.value.append(number, part)
    }

    /// Ends the answer.
    @discardableResult
    package func end() -> HTTPAnswerFate {
        connection.value.end(number)
    }

    /// Gives the answer up behind the parts that have been written: the client sees that it isn't whole.
    package func breakOff() {
        connection.value.breakOff(number)
    }

    /// How many more parts the client can take now: 0 while it lets much wait.
    ///
    /// Above 0 when nobody waits any more, so that the next part finds that out.
    package var demand: Int { connection.value.demand(of: number) }

    /// Has `resume` called once, when the demand is above 0 again; called while it is 0.
    package func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        connection.value.whenDemanded(number, resume)
    }
}
