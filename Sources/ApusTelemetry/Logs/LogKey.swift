/// A key as it stands in a line, encoded once for both formats.
///
/// Encoding the keys of every request's line anew took half the time that the line took.
struct LogKey: Sendable {
    /// With the space before it and the equals sign behind it.
    let readable: [UInt8]
    /// With the comma before it and the colon behind it.
    let json: [UInt8]

    /// Encodes a key.
    init(_ name: String) {
        var text = TextBytes()
        text.append(character: " ")
        text.append(readable: name)
        text.append(character: "=")
        readable = text.bytes
        text = TextBytes()
        text.append(character: ",")
        text.append(quoting: name)
        text.append(character: ":")
        json = text.bytes
    }
}
