/// How much a request may bring and ask for; everything beyond is refused before memory is taken for it.
package struct InputLimits: Sendable, Hashable {
    /// The most bytes that one limit may allow: network buffers and zlib count with 32 bits.
    package static let mostBytes = Int(Int32.max)

    /// Bytes of a body, and of what it decompresses to.
    package var maxBodyBytes = 64 << 20
    /// Bytes of a gRPC message, and of what it decompresses to.
    package var maxMessageBytes = InputLimits.mostBytes
    /// Bytes that the body of an answer may take at most, as measured out before it is written.
    package var maxAnswerBytes = 1 << 30
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
    /// Pixels of a picture.
    package var maxImagePixels = 1 << 25
    /// How many times larger than itself a compressed body of more than 1 MiB may become.
    package var maxCompressionRatio = 100

    /// The defaults.
    package init() {}
}
