/// The gate of a port on which operating the server is closed: it refuses that and leaves the rest to another gate.
package struct ControlGate: Gate {
    private let other: any Gate

    /// Closes control; `other` decides on everything else.
    package init(before other: any Gate) {
        self.other = other
    }

    package func decide(_ operation: Operation, model: ModelName?, credentials: Credentials) -> GateVerdict {
        guard operation.role >= .operate else {
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
