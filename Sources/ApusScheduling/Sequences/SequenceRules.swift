/// How many sequences of a model there may be, and how long they live without a request.
package struct SequenceRules: Hashable, Sendable {
    /// Sequences that may run at the same time; further ones wait until one of these has ended.
    package var slots: Int
    /// How long a sequence may be without a request, in nanoseconds; then it is forgotten.
    package var idle: Int64
    /// Sequences that are known at once, those that wait for a slot among them.
    package var maxSequences = 1 << 16
    /// Requests of one sequence that wait for those before them.
    package var maxWaitingEach = 1024
    /// Requests that wait in all sequences together.
    package var maxWaiting = 1 << 16
    /// Bytes that the states of all sequences hold together.
    package var maxStateBytes = 1 << 30

    /// Sets the number of slots, at least one, and the idle time in nanoseconds.
    package init(slots: Int, idle: Int64) {
        self.slots = max(1, slots)
        self.idle = max(1, idle)
    }
}
