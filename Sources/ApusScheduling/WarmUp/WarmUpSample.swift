package import ApusCore

/// A request that is run before a version is live, so that no client waits for what an engine does only once.
package struct WarmUpSample: Sendable {
    /// What it is called in errors.
    package let name: String
    /// Its inputs, all that the model requires.
    package let inputs: [NamedTensor]
    /// How often it is run on each of the model's sessions.
    package let count: Int

    /// Describes a request.
    package init(name: String, inputs: [NamedTensor], count: Int = 1) {
        self.name = name
        self.inputs = inputs
        self.count = count
    }
}
