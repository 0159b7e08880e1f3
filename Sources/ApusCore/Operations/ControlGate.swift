/// The gate of a port on which operating the server is closed: it refuses that and leaves the rest to another gate.
package struct ControlGate: Gate {
    private let other: any Gate
    private let isLoopbackOnly: Bool

    /// Closes control; `other` decides on everything else.
    ///
    /// - Parameters:
    ///   - other: Decides on what isn't closed.
    ///   - isLoopbackOnly: Whether only this machine can reach the port; what is harmless there is open.
    package init(before other: any Gate, isLoopbackOnly: Bool = false) {
        self.other = other
        self.isLoopbackOnly = isLoopbackOnly
    }

    package func decide(_ operation: Operation, model: ModelName?, credentials: Credentials) -> GateVerdict {
        guard operation.role >= .operate, !(isLoopbackOnly && operation.isHarmlessOnLoopback) else {
            return other.decide(operation, model: model, credentials: credentials)
        }
        return .deny(
            InferenceError(
                .permissionDenied,
                "control operations are closed on this port: start the server with --control-on-inference-ports, or "
                    + "with --control-socket PATH and ask there",
                hint: "curl --unix-socket PATH http://localhost/v2/... asks at the control socket"
            )
        )
    }
}
