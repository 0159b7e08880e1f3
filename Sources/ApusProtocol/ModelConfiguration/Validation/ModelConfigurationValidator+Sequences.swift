extension ModelConfigurationValidator {
    /// Checks how requests that belong together are kept together.
    mutating func checkSequenceBatching() {
        guard let batching = message.message("sequence_batching") else { return }
        if configuration.responseCacheEnabled {
            report(
                .conflictingFields,
                at: message.position(of: "response_cache"),
                "'response_cache' cannot be used with 'sequence_batching', "
                    + "because an answer depends on the requests before it; switch the cache off"
            )
        }
        if let oldest = batching.message("oldest") {
            checkPreferredBatchSizes(of: oldest, "sequence_batching.oldest")
        }
        if let direct = batching.message("direct") {
            let utilization = direct.double("minimum_slot_utilization")
            if !(0...1).contains(utilization) {
                report(
                    .outOfRange,
                    at: direct.position(of: "minimum_slot_utilization"),
                    "'sequence_batching.direct.minimum_slot_utilization' is \(utilization); "
                        + "write the share of slots to fill, from 0 to 1"
                )
            }
        }
        for input in batching.messages("control_input") {
            for element in input.field("control")?.elements ?? [] {
                guard case .message(let control) = element.value else { continue }
                checkControl(control, at: element.position)
            }
        }
    }

    /// Checks that a control says which values it sends.
    private mutating func checkControl(_ control: ModelConfigurationMessage, at position: TextPosition?) {
        let kind = control.enumeration("kind")?.name ?? ""
        if kind == "CONTROL_SEQUENCE_CORRID" {
            let allowed: [ConfiguredDataType] = [.uint64, .int64, .uint32, .int32, .string]
            let type = ConfiguredDataType(control, "data_type")
            if !allowed.contains(type) {
                report(
                    at: control.position(of: "data_type") ?? position,
                    "\(kind) has the data type \(type.configurationName); "
                        + "allowed are \(allowed.map(\.configurationName).joined(separator: ", "))"
                )
            }
            return
        }
        let lists = ["int32_false_true", "fp32_false_true", "bool_false_true"]
            .map { control.values($0).count }
            .filter { $0 > 0 }
        if lists != [2] {
            report(
                at: position,
                "\(kind) needs exactly one of int32_false_true, fp32_false_true and bool_false_true, "
                    + "with two values, for example int32_false_true: [0, 1]"
            )
        }
    }
}
