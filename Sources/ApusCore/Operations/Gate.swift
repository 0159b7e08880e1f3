/// What came with a request to prove who asks; the edges fill it from headers or metadata.
package struct Credentials: Sendable {
    /// The `Authorization` value; empty when none came.
    package var authorization: String

    /// A request that proves nothing.
    package static let none = Credentials(authorization: "")

    /// Takes what the edge found.
    package init(authorization: String) {
        self.authorization = authorization
    }
}

/// What the gate says of an operation.
package enum GateVerdict: Sendable {
    /// Go on, as this caller.
    case allow(Caller)
    /// Refuse with this error; the body is not decoded.
    case deny(InferenceError)
}

/// Decides, before a body is decoded, whether a caller may do something.
///
/// Synchronous on purpose: verdicts on credentials are cached, so that the request's way never waits here. An
/// implementation must deny what it doesn't know.
package protocol Gate: Sendable {
    /// Decides on one operation.
    func decide(_ operation: Operation, model: ModelName?, credentials: Credentials) -> GateVerdict
}

/// The gate of a server without any authentication configured: everybody may do everything in the table.
package struct OpenGate: Gate {
    /// Makes the gate; it has no state.
    package init() {}

    package func decide(_ operation: Operation, model: ModelName?, credentials: Credentials) -> GateVerdict {
        .allow(.anonymous)
    }
}
