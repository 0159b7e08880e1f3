internal import ApusCore
internal import ApusProtocol
internal import ApusScheduling

/// Compares what `apus.yaml` says of inputs' values (`validation`) with the model's inputs.
struct ValidationPlan: Sendable, Equatable {
    /// Rules that check something.
    let rules: [InputRule]

    /// Looks the inputs up.
    ///
    /// - Throws: `invalidConfiguration` for an input that there isn't and for a rule that its type can't have, so that
    ///   nothing of that kind shows only with a request.
    init(_ settings: [ModelSettings.InputValidation], inputs: [TensorSpecification]) throws(ModelError) {
        var rules: [InputRule] = []
        for written in settings {
            guard let input = inputs.first(where: { $0.name == written.input }) else {
                let names = inputs.map(\.name)
                let hint = names.nearest(to: written.input).map { "did you mean '\($0)'?" }
                throw ValidationPlan.refusal(
                    "\(written.place): the model has no input '\(written.input)'; "
                        + (hint ?? "its inputs are \(names.joined(separator: ", "))")
                )
            }
            rules.append(try ValidationPlan.rule(written, for: input))
        }
        self.rules = rules.filter { $0.range != nil || !$0.channels.isEmpty || $0.text != nil }
    }

    /// What requests meet first: the rules where there are any, else what stands behind them.
    func front(before next: any RequestFront, time: any TimeSource) -> any RequestFront {
        rules.isEmpty ? next : ValidatingFront(next, rules: rules, time: time)
    }

    /// Values that keep the rules, by input.
    var examples: [String: InputExample] {
        var examples: [String: InputExample] = [:]
        for rule in rules {
            examples[rule.input] = InputExample(element: ValidationPlan.element(rule), channels: rule.channels.first)
        }
        return examples
    }

    /// An element that keeps a rule, as JSON.
    private static func element(_ rule: InputRule) -> String {
        if rule.dataType == .bytes {
            let scalar = rule.text?.allowed?.first ?? rule.text?.forbidden?.firstOther ?? "a"
            var text = JSONText()
            let length = max(1, rule.text?.length.lowerBound ?? 1)
            text.string(
                String(repeating: Character(scalar), count: min(length, rule.text?.length.upperBound ?? length))
            )
            return String(decoding: text.bytes, as: UTF8.self)
        }
        if rule.dataType == .bool { return "false" }
        let range = rule.range ?? 0...1
        let value = min(max(rule.dataType.isReal ? 0.5 : 0, range.lowerBound), range.upperBound)
        return rule.dataType.isReal ? String(value) : String(Int64(exactly: value.rounded(.up)) ?? 0)
    }

    private static func rule(
        _ written: ModelSettings.InputValidation,
        for input: TensorSpecification
    ) throws(ModelError) -> InputRule {
        try checkKinds(written, of: input)
        var rule = InputRule(input: input.name, dataType: input.dataType)
        if let channels = written.channels ?? (written.preset == .image ? [1, 3, 4] : nil) {
            let last = input.shape.last
            guard let last, last == -1 || channels.contains(last) else {
                throw refusal(
                    "\(written.place).channels: input '\(input.name)' has the shape "
                        + "[\(input.shape.map(String.init).joined(separator: ","))], whose last dimension is none of "
                        + channels.map(String.init).joined(separator: ", ")
                )
            }
            rule.channels = channels
        }
        rule.range = try range(written, of: input)
        if input.dataType == .bytes { rule.text = text(written) }
        return rule
    }

    /// Refuses rules that an input of this type can't break or can't keep.
    private static func checkKinds(
        _ written: ModelSettings.InputValidation,
        of input: TensorSpecification
    ) throws(ModelError) {
        let isText = input.dataType == .bytes
        let isNumber = !isText && input.dataType != .bool
        let kinds: [(keys: [String], goes: Bool, what: String)] = [
            (["min", "max"], isNumber, "ranges are for numbers"),
            (["finite"], input.dataType.isReal, "'finite' is for real numbers (FP16, BF16, FP32, FP64)"),
            (["min_length", "max_length", "allowed", "forbidden"], isText, "lengths and characters are for BYTES"),
        ]
        for (keys, goes, what) in kinds where !goes {
            guard let key = keys.first(where: written.written.contains) else { continue }
            throw refusal("\(written.place).\(key): \(what), and input '\(input.name)' is \(input.dataType.rawValue)")
        }
        let needs: (goes: Bool, what: String)? =
            switch written.preset {
            case .image: (input.dataType == .uint8, "the preset 'image' is for UINT8")
            case .text: (isText, "the preset 'text' is for BYTES")
            case .numeric: (isNumber, "the preset 'numeric' is for numbers")
            case nil: nil
            }
        if let needs, !needs.goes {
            throw refusal(
                "\(written.place).preset: \(needs.what), and input '\(input.name)' is \(input.dataType.rawValue)"
            )
        }
    }

    private static func range(
        _ written: ModelSettings.InputValidation,
        of input: TensorSpecification
    ) throws(ModelError) -> ClosedRange<Double>? {
        let isFinite = input.dataType.isReal && (written.isFinite ?? (written.preset == .numeric))
        guard written.least != nil || written.most != nil || isFinite else { return nil }
        let far = isFinite ? Double.greatestFiniteMagnitude : .infinity
        let low = written.least ?? -far
        let high = written.most ?? far
        if let bounds = input.dataType.bounds, low > bounds.upperBound || high < bounds.lowerBound {
            throw refusal(
                "\(written.place).\(low > bounds.upperBound ? "min" : "max"): no \(input.dataType.rawValue) could pass"
            )
        }
        return low...high
    }

    private static func text(_ written: ModelSettings.InputValidation) -> TextRule? {
        let isPreset = written.preset == .text
        let forbidden =
            written.hasForbidden == false ? nil : written.forbidden ?? (isPreset ? ScalarSet("<>") : nil)
        let longest = written.longest ?? (isPreset ? max(1000, written.shortest ?? 0) : Int.max)
        let rule = TextRule(
            length: (written.shortest ?? 0)...longest,
            allowed: written.allowed,
            forbidden: forbidden
        )
        return rule == TextRule() ? nil : rule
    }

    private static func refusal(_ words: String) -> ModelError { ModelError(.invalidConfiguration, words) }
}

extension DataType {
    fileprivate var isReal: Bool {
        switch self {
        case .fp16, .bf16, .fp32, .fp64: true
        default: false
        }
    }

    /// The numbers that an integer type has; `nil` for the others.
    fileprivate var bounds: ClosedRange<Double>? {
        switch self {
        case .uint8: 0...255
        case .uint16: 0...65_535
        case .uint32: 0...4_294_967_295
        case .uint64: 0...0x1p64
        case .int8: -128...127
        case .int16: -32_768...32_767
        case .int32: -2_147_483_648...2_147_483_647
        case .int64: -0x1p63...0x1p63
        default: nil
        }
    }
}
