/// An operation that the gate has let pass: what is asked for, of which model, by whom.
///
/// Made before a request's body is taken and kept with that request until it is answered. An object, since it is handed on
/// half a dozen times on that way, and whoever asks for the same thing again, without a name, gets the same one.
package final class AdmittedOperation: Sendable {
    /// What is asked for.
    package let operation: Operation
    /// The model segment of the path, percent-decoded and not yet checked; `nil` when the path names none.
    package let model: String?
    /// The model segment as a name; `nil` when the path names none, or one that no model can have.
    package let modelName: ModelName?
    /// The version segment of the path: a number or a label; `nil` when the path names none.
    package let version: String?
    /// The label segment of the path, percent-decoded and not yet checked; `nil` when the path names none.
    package let label: String?
    /// In whose words the path is.
    package let form: WireForm
    /// The segment of another name that the path has, percent-decoded and not yet checked: a region of shared memory, a
    /// repository; `nil` when it has none.
    package let subject: String?
    /// Who asks.
    package let caller: Caller

    /// Notes what a path asked for.
    package init(
        operation: Operation,
        model: String? = nil,
        version: String? = nil,
        label: String? = nil,
        form: WireForm = .openInference,
        subject: String? = nil,
        caller: Caller = .anonymous
    ) {
        self.operation = operation
        self.model = model
        self.modelName = model.flatMap { ModelName($0) }
        self.version = version
        self.label = label
        self.form = form
        self.subject = subject
        self.caller = caller
    }

    /// The same, asked by somebody.
    package func asked(by caller: Caller) -> AdmittedOperation {
        guard caller != self.caller else { return self }
        return AdmittedOperation(
            operation: operation,
            model: model,
            version: version,
            label: label,
            form: form,
            subject: subject,
            caller: caller
        )
    }
}
