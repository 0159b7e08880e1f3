/// The traits of a request that the time until its answer depends on, as far as that is known when it comes.
struct AdmissionTraits: Sendable {
    /// Its place among the priorities, 0 the highest.
    var level: Int
    /// Items in it.
    var rows: Int
    /// Only requests with equal keys may share a run.
    let bucket: UInt64
    /// Whether it shares a run with nobody.
    let isAlone: Bool
    /// Who asks; empty where order is kept, whoever asks.
    var caller: String
    /// Nanoseconds that its answer will need to leave, when the model has run: its event loop's at that moment.
    let delivery: UInt64
}

extension QueueEntry {
    /// The traits that its expected time depends on.
    var traits: AdmissionTraits {
        AdmissionTraits(
            level: level,
            rows: rows,
            bucket: bucket,
            isAlone: isAlone,
            caller: caller,
            delivery: delivery
        )
    }
}
