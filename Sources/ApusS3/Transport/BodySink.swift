package import ApusStorage

/// What takes the body of an answer piece by piece, on the event loop of the client; writing slowly slows the sender.
package protocol BodySink: Sendable {
    /// Looks at the answer's beginning; `false` leaves the body to be collected as a message.
    func accepts(_ head: HTTPAnswerHead) throws(StorageError) -> Bool

    /// Takes the next bytes.
    func take(_ bytes: UnsafeRawBufferPointer) throws(StorageError)

    /// The body has ended, whole as far as HTTP tells.
    func finish() throws(StorageError)
}
