/// How much a text may ask of the reader; a configuration comes from a repository that others write to.
package struct TextFormatLimits: Sendable, Equatable {
    /// The largest text in bytes.
    package var maximumBytes = 1_048_576

    /// The deepest nesting of messages; each level costs stack.
    package var maximumDepth = 64

    /// The largest number of fields and list elements together.
    package var maximumFields = 100_000

    /// The longest number in characters; nothing legal comes near it.
    package var maximumNumberLength = 256

    /// Limits that no honest configuration reaches.
    package init() {}
}
