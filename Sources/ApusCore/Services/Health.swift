/// Whether the process answers and whether it may receive traffic.
package protocol Health: Sendable {
    /// The process answers.
    var isLive: Bool { get }
    /// Every model has come to live or failed, and no drain has begun.
    var isReady: Bool { get }
}
