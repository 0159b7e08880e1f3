extension ModelConfiguration {
    /// A graph of models that answers as one.
    package struct EnsembleScheduling: Sendable, Equatable {
        /// One model of the graph and what connects it.
        package struct Step: Sendable, Equatable {
            /// The model to ask.
            package let modelName: String

            /// The version to ask; nil for the newest.
            package let modelVersion: Int64?

            /// From the model's inputs to the tensors of the ensemble.
            package let inputMap: [String: String]

            /// From the model's outputs to the tensors of the ensemble.
            package let outputMap: [String: String]

            /// Describes a step.
            package init(
                modelName: String,
                modelVersion: Int64?,
                inputMap: [String: String],
                outputMap: [String: String]
            ) {
                self.modelName = modelName
                self.modelVersion = modelVersion
                self.inputMap = inputMap
                self.outputMap = outputMap
            }
        }

        /// The models in the order of the file, which is not the order of running.
        package let steps: [Step]

        /// How many requests may be under way inside; nil for any number.
        package let maxInflightRequests: Int?

        /// Reads the properties out of a message of the schema `modelEnsembling`.
        init(message: ModelConfigurationMessage) {
            steps = message.messages("step").map { step in
                let version = step.signed("model_version")
                return Step(
                    modelName: step.string("model_name"),
                    // Zero is what an absent field reads as, and no version has that number.
                    modelVersion: version <= 0 ? nil : version,
                    inputMap: step.stringMap("input_map"),
                    outputMap: step.stringMap("output_map")
                )
            }
            let limit = message.unsigned("max_inflight_requests")
            maxInflightRequests = limit == 0 ? nil : Int(clamping: limit)
        }
    }
}
