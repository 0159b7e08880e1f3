extension ModelConfiguration {
    /// How requests that belong together are kept together; nil when they stand alone.
    package var sequenceBatching: SequenceBatching? {
        message.message("sequence_batching").map(SequenceBatching.init)
    }

    /// How requests that belong together are kept together.
    package struct SequenceBatching: Sendable, Equatable {
        /// Which sequences may run at the same time.
        package enum Strategy: Sendable, Equatable {
            /// One for each row of each instance; a run waits until this share of the rows is there.
            case direct(maxQueueDelay: Duration, minimumSlotUtilization: Double)
            /// A number of sequences, joined in the order of their age.
            case oldest(Oldest)
        }

        /// The strategy `oldest`.
        package struct Oldest: Sendable, Equatable {
            /// Sequences at a time for each instance; zero when it isn't written.
            package let maxCandidateSequences: Int
            /// Batch sizes worth waiting for.
            package let preferredBatchSizes: [Int]
            /// How long the first request waits for company.
            package let maxQueueDelay: Duration
            /// Whether responses leave in the order of the requests.
            package let preservesOrdering: Bool
        }

        /// An input that says where in its sequence a request stands.
        package struct ControlInput: Sendable, Equatable {
            /// The input's name.
            package let name: String
            /// What it says; one, in a configuration that makes sense.
            package let controls: [Control]
        }

        /// One thing that a control input says.
        package struct Control: Sendable, Equatable {
            /// What it tells the model, as the configuration calls it.
            package let kind: String
            /// The type of its element.
            package let dataType: ConfiguredDataType
            /// The element for no and for yes, as bytes in memory; empty for the sequence's id.
            package let values: [[UInt8]]
        }

        /// An output that comes back as an input of the sequence's next request.
        package struct State: Sendable, Equatable {
            /// The input's name.
            package let inputName: String
            /// The output's name.
            package let outputName: String
            /// The type of the elements.
            package let dataType: ConfiguredDataType
            /// The shape without the batch dimension; -1 for any size.
            package let dims: [Int64]
            /// What it holds first; one at most, in a configuration that makes sense.
            package let initialStates: [InitialState]
        }

        /// What a state holds before the first request of a sequence.
        package struct InitialState: Sendable, Equatable {
            /// The type of the elements.
            package let dataType: ConfiguredDataType
            /// The shape without the batch dimension.
            package let dims: [Int64]
            /// The file in the folder `initial_state` of the model; nil for zeros.
            package let dataFile: String?
        }

        /// How long a sequence may be without a request.
        package let maxIdle: Duration
        /// Inputs that say where in its sequence a request stands.
        package let controlInputs: [ControlInput]
        /// What the model remembers.
        package let states: [State]
        /// Which sequences may run at the same time.
        package let strategy: Strategy

        /// Reads the properties out of a message of the schema `modelSequenceBatching`.
        init(message: ModelConfigurationMessage) {
            let idle = message.unsigned("max_sequence_idle_microseconds")
            maxIdle = .microseconds(idle == 0 ? 1_000_000 : idle)
            controlInputs = message.messages("control_input").map(ControlInput.init)
            states = message.messages("state").map(State.init)
            if let oldest = message.message("oldest") {
                strategy = .oldest(Oldest(message: oldest))
            } else {
                let direct = message.message("direct")
                strategy = .direct(
                    maxQueueDelay: .microseconds(direct?.unsigned("max_queue_delay_microseconds") ?? 0),
                    minimumSlotUtilization: direct?.double("minimum_slot_utilization") ?? 0
                )
            }
        }
    }
}

extension ModelConfiguration.SequenceBatching.Oldest {
    fileprivate init(message: ModelConfigurationMessage) {
        maxCandidateSequences = Int(message.signed("max_candidate_sequences"))
        preferredBatchSizes = message.signedNumbers("preferred_batch_size").map { Int($0) }
        maxQueueDelay = .microseconds(message.unsigned("max_queue_delay_microseconds"))
        preservesOrdering = message.boolean("preserve_ordering")
    }
}

extension ModelConfiguration.SequenceBatching.ControlInput {
    fileprivate init(message: ModelConfigurationMessage) {
        name = message.string("name")
        controls = message.messages("control").map(ModelConfiguration.SequenceBatching.Control.init)
    }
}

extension ModelConfiguration.SequenceBatching.Control {
    fileprivate init(message: ModelConfigurationMessage) {
        kind = message.enumeration("kind")?.name ?? ""
        let integers = message.signedNumbers("int32_false_true")
        let floats = message.doubles("fp32_false_true")
        let booleans = message.values("bool_false_true")
        if !integers.isEmpty {
            dataType = .int32
            values = integers.map { Self.bytes(UInt32(truncatingIfNeeded: $0)) }
        } else if !floats.isEmpty {
            dataType = .fp32
            values = floats.map { Self.bytes(Float($0).bitPattern) }
        } else if !booleans.isEmpty {
            dataType = .bool
            values = booleans.map { [$0 == .boolean(true) ? 1 : 0] }
        } else {
            dataType = ConfiguredDataType(message, "data_type")
            values = []
        }
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}

extension ModelConfiguration.SequenceBatching.State {
    fileprivate init(message: ModelConfigurationMessage) {
        inputName = message.string("input_name")
        outputName = message.string("output_name")
        dataType = ConfiguredDataType(message, "data_type")
        dims = message.signedNumbers("dims")
        initialStates = message.messages("initial_state").map { initial in
            ModelConfiguration.SequenceBatching.InitialState(
                dataType: ConfiguredDataType(initial, "data_type"),
                dims: initial.signedNumbers("dims"),
                dataFile: initial.isSet("data_file") ? initial.string("data_file") : nil
            )
        }
    }
}
