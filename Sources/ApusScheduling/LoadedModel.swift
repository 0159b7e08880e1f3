package import ApusCore
internal import Synchronization

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
    /// What was seen of the requests that came.
    var traffic: TrafficHistory { get }
    /// Runs requests on the calling thread before the version is live.
    ///
    /// - Parameters:
    ///   - samples: What the configuration asks for.
    ///   - traffic: What the version's predecessor was asked, of which it doesn't matter what fails, and its load, with which
    ///     this one goes on.
    /// - Throws: Why a sample failed.
    func warmUp(_ samples: [WarmUpSample], after traffic: TrafficHistory) throws(InferenceError)
}

extension RequestFront {
    /// Most fronts keep nothing from one request to the next.
    package func close() {}

    /// One without a scheduler of its own remembers nothing.
    package var traffic: TrafficHistory { .empty }

    /// One without a scheduler of its own has nothing to warm up.
    package func warmUp(_ samples: [WarmUpSample], after traffic: TrafficHistory) throws(InferenceError) {}
}

/// A loaded version, as the model manager keeps it.
///
/// A class around an existential, since what a manager keeps has to be an object of one type.
package final class LoadedModel: Sendable {
    /// Who takes the requests.
    package let front: any RequestFront
    /// Kept until they have been run.
    private let samples: Mutex<[WarmUpSample]>

    /// Wraps the version's first front.
    ///
    /// - Parameters:
    ///   - front: Who takes the requests.
    ///   - samples: What is run before it is live.
    package init(_ front: any RequestFront, samples: [WarmUpSample] = []) {
        self.front = front
        self.samples = Mutex(samples)
    }

    /// Runs requests before the version is live, once.
    ///
    /// - Parameter predecessor: The version whose requests this one will get.
    /// - Throws: Why a request failed that the configuration asks for.
    package func warmUp(after predecessor: LoadedModel?) throws(InferenceError) {
        let samples = samples.withLock { held in
            defer { held = [] }
            return held
        }
        try front.warmUp(samples, after: predecessor?.front.traffic ?? .empty)
    }
}
