/// One line of the repository index: what is there, its state and why.
package struct RepositoryIndexEntry: Hashable, Sendable {
    /// The outward states of the v2 model repository extension.
    package enum State: String, Sendable {
        /// It is in the repository and was never loaded; the wire has no state for it.
        case absent = ""
        /// Nothing is known yet.
        case unknown = "UNKNOWN"
        /// It answers.
        case ready = "READY"
        /// It doesn't answer; the reason says why.
        case unavailable = "UNAVAILABLE"
        /// It is on its way to answering.
        case loading = "LOADING"
        /// It is on its way out.
        case unloading = "UNLOADING"
    }

    /// The folder's name; not a `ModelName`, since a folder with an illegal name is listed as unavailable.
    package let name: String
    /// The version, when one was found.
    package let version: ModelVersion?
    /// Where in its life it is, outwardly.
    package let state: State
    /// Why it isn't ready; empty when it is.
    package let reason: String

    /// Makes one line.
    package init(name: String, version: ModelVersion?, state: State, reason: String = "") {
        self.name = name
        self.version = version
        self.state = state
        self.reason = reason
    }

    /// Whether it isn't served, and neither because it was unloaded nor because it was never asked for.
    package var hasFailed: Bool { state == .unavailable && !["", RepositoryIndexEntry.unloaded].contains(reason) }

    /// The reason of what was unloaded, in Triton's word.
    package static let unloaded = "unloaded"
}
