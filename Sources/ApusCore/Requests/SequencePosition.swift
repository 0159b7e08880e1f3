/// Where a request stands in a sequence of requests that one state belongs to (Triton's sequence extension).
package struct SequencePosition: Hashable, Sendable {
    /// What names a sequence: the wire's `sequence_id`.
    package enum ID: Hashable, Sendable, CustomStringConvertible {
        /// The most bytes that text may have, as in Triton.
        package static let maxTextBytes = 128

        /// A number other than 0.
        case number(UInt64)
        /// Text that isn't empty.
        case text(String)

        package var description: String {
            switch self {
            case .number(let number): String(number)
            case .text(let text): text
            }
        }
    }

    /// Which sequence.
    package let id: ID
    /// Whether the sequence begins with this request: `sequence_start`.
    package let isStart: Bool
    /// Whether the sequence ends with this request: `sequence_end`.
    package let isEnd: Bool

    /// Places a request.
    package init(id: ID, isStart: Bool, isEnd: Bool) {
        self.id = id
        self.isStart = isStart
        self.isEnd = isEnd
    }
}
