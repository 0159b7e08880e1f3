package import ApusCore

/// What requests to one version meet first: its scheduler, or what stands before it (cache, sequences) or in its place
/// (ensemble).
///
/// Fronts are put one before the other when the version is loaded: each has the same three methods and passes on what it
/// doesn't settle itself.
package protocol RequestFront: ServedModel {
    /// The counters, read at one moment; a front adds its own to those of the one behind it.
    func statistics() -> ModelStatistics
    /// The server is about to stop: keeps nothing alive for requests that might come later.
    func close()
    /// Lets go of what is heavy, on the calling thread, when no lease is left.
    func unload()
}

extension RequestFront {
    /// Most fronts keep nothing from one request to the next.
    package func close() {}
}

/// A loaded version, as the model manager keeps it.
///
/// A class around an existential, since what a manager keeps has to be an object of one type.
package final class LoadedModel: Sendable {
    /// Who takes the requests.
    package let front: any RequestFront

    /// Wraps the version's first front.
    package init(_ front: any RequestFront) {
        self.front = front
    }
}
