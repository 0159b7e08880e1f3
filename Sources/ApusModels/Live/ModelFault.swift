package import ApusCore

/// Why a model, or one of its versions, isn't served as it is in the repository.
package struct ModelFault: Sendable {
    /// The model.
    package let name: ModelName
    /// The version; `nil` where the model's configuration is at fault.
    package let version: ModelVersion?
    /// The reason.
    package let error: ModelError
}
