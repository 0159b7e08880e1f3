package import ApusCore

/// Something in a repository that looks like a model and can't be one, with the reason.
package struct UnavailableFolder: Sendable {
    /// Its name; need not be a legal model name.
    package let name: String
    /// Why it isn't served.
    package let error: ModelError

    /// Pairs a name with a reason.
    package init(name: String, error: ModelError) {
        self.name = name
        self.error = error
    }
}
