/// What an example of an input is made of, where not anything goes.
package struct InputExample: Hashable, Sendable {
    /// An element as JSON.
    package let element: String
    /// The size of the last dimension; `nil` for the model's own.
    package let channels: Int?

    /// Says what passes.
    package init(element: String, channels: Int? = nil) {
        self.element = element
        self.channels = channels
    }
}
