extension ModelConfigurationSchema {
    /// What a control tensor tells the model.
    package static let controlKind = EnumerationSchema(
        "ModelSequenceBatching.Control.Kind",
        ["CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_READY", "CONTROL_SEQUENCE_END", "CONTROL_SEQUENCE_CORRID"]
    )

    /// One thing a control tensor tells the model, and by which values.
    package static let sequenceControl = MessageSchema(
        "ModelSequenceBatching.Control",
        [
            FieldSchema("kind", 1, .enumeration(controlKind)),
            FieldSchema("int32_false_true", 2, .int32, .repeated),
            FieldSchema("fp32_false_true", 3, .float, .repeated),
            FieldSchema("bool_false_true", 5, .bool, .repeated),
            FieldSchema("data_type", 4, .enumeration(dataType)),
        ]
    )

    /// An input through which the server tells the model where a sequence begins and ends.
    package static let controlInput = MessageSchema(
        "ModelSequenceBatching.ControlInput",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("control", 2, .message(sequenceControl), .repeated),
        ]
    )

    /// What a state holds before the first request of a sequence.
    package static let initialState = MessageSchema(
        "ModelSequenceBatching.InitialState",
        [
            FieldSchema("data_type", 1, .enumeration(dataType)),
            FieldSchema("dims", 2, .int64, .repeated),
            FieldSchema("zero_data", 3, .bool, oneof: "state_data"),
            FieldSchema("data_file", 4, .string, oneof: "state_data"),
            FieldSchema("name", 5, .string),
        ]
    )

    /// An output that comes back as an input of the next request.
    package static let sequenceState = MessageSchema(
        "ModelSequenceBatching.State",
        [
            FieldSchema("input_name", 1, .string),
            FieldSchema("output_name", 2, .string),
            FieldSchema("data_type", 3, .enumeration(dataType)),
            FieldSchema("dims", 4, .int64, .repeated),
            FieldSchema("initial_state", 5, .message(initialState), .repeated),
            FieldSchema("use_same_buffer_for_input_output", 6, .bool),
            FieldSchema("use_growable_memory", 7, .bool),
        ]
    )

    /// Each sequence keeps a place in the batch.
    package static let strategyDirect = MessageSchema(
        "ModelSequenceBatching.StrategyDirect",
        [
            FieldSchema("max_queue_delay_microseconds", 1, .uint64),
            FieldSchema("minimum_slot_utilization", 2, .float),
        ]
    )

    /// Sequences are joined in the order of their age.
    package static let strategyOldest = MessageSchema(
        "ModelSequenceBatching.StrategyOldest",
        [
            FieldSchema("max_candidate_sequences", 1, .int32),
            FieldSchema("preferred_batch_size", 2, .int32, .repeated),
            FieldSchema("max_queue_delay_microseconds", 3, .uint64),
            FieldSchema("preserve_ordering", 4, .bool),
        ]
    )

    /// How requests that belong together are kept together.
    package static let modelSequenceBatching = MessageSchema(
        "ModelSequenceBatching",
        [
            FieldSchema("direct", 3, .message(strategyDirect), oneof: "strategy_choice"),
            FieldSchema("oldest", 4, .message(strategyOldest), oneof: "strategy_choice"),
            FieldSchema("max_sequence_idle_microseconds", 1, .uint64),
            FieldSchema("control_input", 2, .message(controlInput), .repeated),
            FieldSchema("state", 5, .message(sequenceState), .repeated),
            FieldSchema("iterative_sequence", 6, .bool),
        ]
    )
}
