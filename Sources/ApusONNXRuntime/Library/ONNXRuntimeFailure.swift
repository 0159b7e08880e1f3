internal import CONNXRuntime

/// What ONNX Runtime itself said: its code and its words, the cause of an `EngineError`.
package struct ONNXRuntimeFailure: Error, Sendable, CustomStringConvertible {
    /// The library's number for the kind of failure.
    package let code: Int
    /// The library's words.
    package let message: String

    package var description: String { "ONNX Runtime error \(code) (\(label)): \(message)" }

    /// The library's name for the code.
    private var label: String {
        let labels = [
            "OK", "FAIL", "INVALID_ARGUMENT", "NO_SUCHFILE", "NO_MODEL", "ENGINE_ERROR", "RUNTIME_EXCEPTION",
            "INVALID_PROTOBUF", "MODEL_LOADED", "NOT_IMPLEMENTED", "INVALID_GRAPH", "EP_FAIL", "MODEL_LOAD_CANCELED",
            "MODEL_REQUIRES_COMPILATION", "NOT_FOUND", "DEVICE_RESET",
        ]
        return labels.indices.contains(code) ? labels[code] : "unknown"
    }

    /// Whether the model is fine and the library lacks something; for some of these it has no code either.
    var isUnsupported: Bool {
        let signs = [
            "No Op registered for", "is not a registered function/op", "is not currently registered or supported",
        ]
        return signs.contains { message.contains($0) }
    }

    /// Whether the library ran out of memory; it has no code for that.
    var isOutOfMemory: Bool {
        message.contains("Failed to allocate memory") || message.contains("bad_alloc")
            || message.contains("out of memory")
    }
}
