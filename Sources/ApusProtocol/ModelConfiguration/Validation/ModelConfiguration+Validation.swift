extension ModelConfiguration {
    /// All rules between fields that this configuration breaks, with positions where they are known.
    ///
    /// With `isComplete`, everything is taken to be filled in, so that a missing name, engine or data type is a fault
    /// and a missing `max_batch_size` is zero; without, only what is written is judged. The list ends after 256 faults.
    package func validate(isComplete: Bool = false) -> [ModelConfigurationError] {
        var validator = ModelConfigurationValidator(configuration: self, isComplete: isComplete)
        validator.checkModel()
        validator.checkTensors()
        validator.checkInstanceGroups()
        validator.checkDynamicBatching()
        validator.checkSequenceBatching()
        validator.checkEnsemble()
        validator.checkFilenames()
        return validator.faults
    }

    /// All places where the models of an ensemble do not fit together; empty when this is no ensemble.
    ///
    /// Models that `configuration` does not know are passed over. What can be seen without them, `validate()` reports.
    package func validateEnsemble(
        configuration: (String) -> ModelConfiguration?
    ) -> [ModelConfigurationError] {
        validateEnsembleSteps { configuration($0.modelName) }
    }

    /// The same, for steps that may ask different versions of one model.
    package func validateEnsembleSteps(
        member: (EnsembleScheduling.Step) -> ModelConfiguration?
    ) -> [ModelConfigurationError] {
        var validator = EnsembleValidator(ensemble: self)
        validator.check(configuration: member)
        return validator.faults
    }
}
