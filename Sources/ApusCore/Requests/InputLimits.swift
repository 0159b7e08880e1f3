/// How much a request may bring; everything beyond is refused before memory is taken for it.
package struct InputLimits: Sendable, Hashable {
    /// Bytes of a body, and of what it decompresses to.
    package var maxBodyBytes = 64 << 20
    /// Bytes of a request's line and header fields together.
    package var maxHeaderBytes = 32 << 10
    /// Header fields.
    package var maxHeaderCount = 100
    /// Nesting of JSON containers.
    package var maxJSONDepth = 100
    /// Input tensors, and requested outputs.
    package var maxTensors = 1024
    /// Elements of one tensor.
    package var maxElements = 1 << 28
    /// How many times larger than itself a compressed body of more than 1 MiB may become.
    package var maxCompressionRatio = 100

    /// The defaults.
    package init() {}
}
