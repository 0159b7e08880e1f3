/// What a version has seen of its requests that holds for its successor too: for the warm-up of the one that takes over.
package struct TrafficHistory: Sendable {
    /// The last kinds of requests that came to engine threads, the newest last.
    let shapes: [CallShape]
    /// How much of the time runs took; `nil` from one without a scheduler of its own.
    let load: LoadGauge?

    /// The history of a version that nobody has asked yet.
    package static let none = TrafficHistory(shapes: [], load: nil)
}
