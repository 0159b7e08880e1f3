/// Has the configured source of models looked at now.
package protocol SourceUpdates: Sendable {
    /// Begins a look; one that is waited for already serves this caller too.
    ///
    /// - Returns: The look's number.
    /// - Throws: `unavailable` when the server is ending.
    func begin() throws(InferenceError) -> Int

    /// How far a look is; the newest when `number` is `nil`; `nil` for one that nobody remembers.
    func report(of number: Int?) -> SourceUpdateReport?
}

/// How far a look at the source of models is.
package struct SourceUpdateReport: Sendable, Equatable {
    /// How far it can be.
    package enum State: String, Sendable {
        /// Another look is under way, and this one comes after it.
        case waiting
        /// The source is being looked at, or what changed is being loaded.
        case running
        /// Everything that is wanted is live, or is named among the failures.
        case done
        /// The source couldn't be looked at.
        case failed
    }

    /// The look's number, counted from 1.
    package let number: Int
    /// How far it is.
    package let state: State
    /// Why it failed, empty when it didn't.
    package let reason: String
    /// What isn't served as it is in the source, when all of that had been loaded or had failed.
    package let failures: [Failure]

    /// A model, or a version, that isn't served.
    package struct Failure: Sendable, Equatable {
        /// The model's name.
        package let model: String
        /// The version; empty where the model's configuration is at fault.
        package let version: String
        /// Why.
        package let reason: String

        /// Names what isn't served.
        package init(model: String, version: String, reason: String) {
            self.model = model
            self.version = version
            self.reason = reason
        }
    }

    /// Describes a look.
    package init(number: Int, state: State, reason: String = "", failures: [Failure] = []) {
        self.number = number
        self.state = state
        self.reason = reason
        self.failures = failures
    }
}

/// For edges without a source.
package struct NoSourceUpdates: SourceUpdates {
    /// Looks at nothing.
    package init() {}

    package func begin() throws(InferenceError) -> Int {
        throw InferenceError(.unavailable, "there is no source of models that could be looked at")
    }

    package func report(of number: Int?) -> SourceUpdateReport? { nil }
}
