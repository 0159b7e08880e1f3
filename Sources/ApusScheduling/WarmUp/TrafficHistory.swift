/// What a version has seen of its requests that holds for the one that takes its place too.
package struct TrafficHistory: Sendable {
    /// The last kinds of requests that came to engine threads, the newest last.
    let shapes: [CallShape]
    /// What is known of the load; `nil` from one without a scheduler of its own.
    let load: LoadGauge?

    /// The history of a version that nobody has asked yet.
    package static let empty = TrafficHistory(shapes: [], load: nil)
}
