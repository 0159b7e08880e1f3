/// An operation that the gate has let pass: what is asked for, of which model, by whom.
///
/// Made before a request's body is taken and kept with that request until the body is there.
package struct AdmittedOperation: Sendable {
    /// What is asked for.
    package let operation: Operation
    /// The model segment of the path, percent-decoded and not yet checked; `nil` when the path names none.
    package let model: String?
    /// The version segment of the path; `nil` when the path names none.
    package let version: String?
    /// Who asks.
    package var caller: Caller

    /// Notes what a path asked for.
    package init(operation: Operation, model: String? = nil, version: String? = nil, caller: Caller = .anonymous) {
        self.operation = operation
        self.model = model
        self.version = version
        self.caller = caller
    }
}
