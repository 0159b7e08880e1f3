internal import ApusCore

extension ModelError {
    /// Whether the same might go well later though nothing of the model has changed.
    package var mayGoWellLater: Bool { [.unreachable, .unreadable, .dependencyFailed].contains(code) }

    /// A folder's name that can't be a model's.
    static func illegalName(_ name: String) -> ModelError {
        ModelError(
            .illegalName,
            "'\(name)' can't be a model's name: only A-Z, a-z, 0-9, '.', '_' and '-' may stand in it, "
                + "\(ModelName.maxLength) at most; rename the folder"
        )
    }

    /// A version that the configuration names and that has no folder.
    static func missingVersion(_ version: ModelVersion, of name: ModelName) -> ModelError {
        ModelError(
            .noVersion,
            "version \(version) of model '\(name)' is asked for by its configuration, but has no folder '\(name)/\(version)'"
        )
    }

    /// A model that was to be loaded and has no folder.
    static func notInRepository(_ name: ModelName) -> ModelError {
        ModelError(.noVersion, "model '\(name)' was to be loaded, and the repository has no folder of this name")
    }
}
