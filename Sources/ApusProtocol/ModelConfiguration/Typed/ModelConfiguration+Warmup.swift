extension ModelConfiguration {
    /// A request to run before a version is ready.
    package struct Warmup: Sendable, Equatable {
        /// What an input holds.
        package enum Content: Sendable, Equatable {
            /// Zeros, or empty strings.
            case zeros
            /// Random numbers; strings stay empty.
            case random
            /// The raw bytes of a file in the folder `warmup`; the name is not checked.
            case file(String)
        }

        /// One input of the request.
        package struct Input: Sendable, Equatable {
            /// The type of its elements.
            package let dataType: ConfiguredDataType

            /// The shape without the batch dimension.
            package let dims: [Int64]

            /// What it holds.
            package let content: Content
        }

        /// The name of the request, for the log.
        package let name: String

        /// How often the inputs are repeated along the batch dimension.
        package let batchSize: UInt32

        /// The inputs by their names.
        package let inputs: [String: Input]

        /// How often the request runs; at least once.
        package let count: UInt32

        /// Reads the properties out of a message of the schema `modelWarmup`.
        init(message: ModelConfigurationMessage) {
            name = message.string("name")
            batchSize = UInt32(clamping: message.unsigned("batch_size"))
            inputs = message.messageMap("inputs").mapValues { input in
                Input(
                    dataType: ConfiguredDataType(input, "data_type"),
                    dims: input.signedNumbers("dims"),
                    content: Self.content(of: input)
                )
            }
            count = max(1, UInt32(clamping: message.unsigned("count")))
        }

        /// Which content an input asks for; the truth value of `zero_data` and `random_data` does not count.
        private static func content(of input: ModelConfigurationMessage) -> Content {
            if input.isSet("input_data_file") {
                .file(input.string("input_data_file"))
            } else {
                input.isSet("random_data") ? .random : .zeros
            }
        }
    }
}
