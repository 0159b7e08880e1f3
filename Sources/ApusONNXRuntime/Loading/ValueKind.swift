internal import ApusCore

/// What an input or output of a model is.
enum ValueKind {
    /// A tensor of a type that the protocol has.
    case tensor(DataType, shape: [Int])
    /// Anything else, in words.
    case unsupported(String)

    /// The library's words for kinds that aren't tensors.
    static func label(ofKind kind: Int32) -> String {
        let labels: [Int32: String] = [
            2: "a sequence", 3: "a map", 4: "an opaque value", 5: "a sparse tensor", 6: "an optional value",
        ]
        return labels[kind] ?? "of unknown kind \(kind)"
    }
}
