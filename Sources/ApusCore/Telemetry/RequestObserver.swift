/// Who wants to know how each request ended: the access log, counters.
///
/// Called on event loops, so it must not wait.
package protocol RequestObserver: Sendable {
    /// Counts an answer's status; called once for every request, with 499 when its client had gone before the answer.
    func answered(status: Int)
    /// Whether a record would be used; edges ask before they gather shapes.
    func wantsRecord(ofFailure isFailure: Bool) -> Bool
    /// Takes the record of a request whose answer has been handed to the socket.
    func requestEnded(_ record: AccessRecord)
}
