package import ApusCore

/// Is told what becomes of models; for logs and metrics.
///
/// Calls come on loading threads, after the fact, with no lock held. They delay further loading, so they must be short.
package protocol ModelManagerObserver: Sendable {
    /// A version answers requests from now on; loading it took so long.
    func modelLoaded(_ id: ModelID, nanoseconds: UInt64)
    /// A model, or one of its versions, can't be served; the name need not be a legal model name.
    func modelFailed(_ name: String, version: ModelVersion?, error: ModelError)
    /// A version that was live is gone.
    func modelUnloaded(_ id: ModelID)
}
