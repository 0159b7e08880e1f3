extension ModelConfigurationValidator {
    /// Checks what can be seen of an ensemble without the models it consists of.
    mutating func checkEnsemble() {
        guard let ensemble = message.message("ensemble_scheduling") else {
            if configuration.platform == "ensemble" {
                report(
                    .missingField,
                    at: message.position(of: "platform"),
                    "'platform' is \"ensemble\", but 'ensemble_scheduling' is missing; add its steps"
                )
            }
            return
        }
        checkEnsembleModel()
        let steps = ensemble.field("step")?.elements ?? []
        if steps.isEmpty {
            report(
                .missingField,
                at: message.position(of: "ensemble_scheduling"),
                "'ensemble_scheduling' has no 'step'; add one for each model"
            )
        }
        for element in steps {
            guard case .message(let step) = element.value else { continue }
            for field in ["model_name", "input_map", "output_map"] where step.values(field).allSatisfy(\.isEmptyText) {
                report(.missingField, at: element.position, "a 'step' of the ensemble has no '\(field)'; add it")
            }
        }
        checkDataFlow(EnsembleGraph(configuration: configuration))
    }

    /// Checks the fields that an ensemble can't have, because other models do the work.
    private mutating func checkEnsembleModel() {
        let position = message.position(of: "ensemble_scheduling")
        if !configuration.backend.isEmpty {
            report(
                .conflictingFields,
                at: message.position(of: "backend") ?? position,
                "an ensemble has no engine of its own; remove 'backend' and set platform: \"ensemble\""
            )
        } else if configuration.platform != "ensemble", isComplete || message.isSet("platform") {
            report(
                .conflictingFields,
                at: message.position(of: "platform") ?? position,
                "'ensemble_scheduling' needs platform: \"ensemble\", found \(configuration.platform.quotedExcerpt)"
            )
        }
        for field in ["instance_group", "optimization", "model_warmup"] where message.isSet(field) {
            report(
                .conflictingFields,
                at: message.position(of: field) ?? position,
                "an ensemble cannot have '\(field)'; set it in the models it consists of"
            )
        }
    }

    /// Checks that every tensor comes from somewhere and goes somewhere.
    private mutating func checkDataFlow(_ graph: EnsembleGraph) {
        for use in graph.repeatedProductions {
            report(at: use.position, "tensor \(use.tensor.quotedExcerpt) is produced twice; name one of them otherwise")
        }
        for use in graph.unproducedConsumptions {
            report(
                at: use.position,
                "tensor \(use.tensor.quotedExcerpt) is used, but no step and no ensemble input produces it; "
                    + "check the spelling in 'input_map'"
            )
        }
        for use in graph.unusedInputs {
            report(
                at: use.position,
                "ensemble input \(use.tensor.quotedExcerpt) is used by no step; map it or remove it"
            )
        }
        for use in graph.unproducedOutputs {
            report(
                at: use.position,
                "ensemble output \(use.tensor.quotedExcerpt) is produced by no step; map a model's output to it"
            )
        }
        for use in graph.unusedProductions {
            report(
                at: use.position,
                "tensor \(use.tensor.quotedExcerpt) is produced but never used; use it in a step, "
                    + "make it an ensemble output, or remove it from 'output_map'"
            )
        }
        let stuck = graph.stuckSteps
        guard !stuck.isEmpty else { return }
        let circle = graph.circle.prefix(17).map(\.quotedExcerpt).joined(separator: " -> ")
        for use in stuck {
            report(
                at: use.position,
                "the step for model \(use.tensor.quotedExcerpt) can never run, because it waits for its own output "
                    + "or for a step that does; break the cycle \(circle)"
            )
        }
    }
}

extension ModelConfigurationValue {
    /// Whether this is a text without characters.
    fileprivate var isEmptyText: Bool {
        self == .string("")
    }
}
