internal import ApusCore
package import ApusEngine
internal import Synchronization

/// An engine without a library: every load gives the session that the test has made.
package final class FakeEngine: Engine {
    /// One call of `load`, as it was made.
    package struct Load: Sendable {
        /// Where the model was said to be.
        package let source: ModelSource
        /// How it was to be opened.
        package let options: SessionOptions
    }

    private struct State {
        var loads: [Load] = []
        var failures: [EngineError] = []
    }

    package let name: String
    package let platform: String
    package let modelFilenames: [String]
    /// What every load gives.
    package let session: FakeSession
    private let state = Mutex(State())

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - session: What every load gives.
    ///   - name: The name used in `backend:`.
    ///   - modelFilenames: Names of model files that it takes; none for a model that is all configuration.
    package init(session: FakeSession, name: String = "fake", modelFilenames: [String] = []) {
        self.session = session
        self.name = name
        self.platform = name
        self.modelFilenames = modelFilenames
    }

    package var information: EngineInformation {
        EngineInformation(name: name, version: "1", devices: ["CPU"], libraryPath: nil)
    }

    package func load(_ source: ModelSource, options: SessionOptions) throws(EngineError) -> any EngineSession {
        let failure = state.withLock { state -> EngineError? in
            state.loads.append(Load(source: source, options: options))
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
        return session
    }

    /// Lets the next load fail; called twice, the next two, in this order.
    package func failNextLoad(with error: EngineError) {
        state.withLock { $0.failures.append(error) }
    }

    /// All loads so far.
    package var loads: [Load] { state.withLock { $0.loads } }
}
