package import ApusCore

/// A request of Triton's generate extension: a JSON object whose members are the model's inputs, and parameters.
package struct GenerateRequest: Sendable {
    /// The most values that a request may hold: each takes many times the memory of its text.
    package static let maxValues = 1_000_000
    /// Bytes that a value of the parsed text takes at most, besides its own text.
    static let valueBytes = 64

    /// The caller's name for the request; empty when none was sent.
    package private(set) var id = ""
    /// Input tensors in the request's order.
    package private(set) var inputs: [NamedTensor] = []
    /// 0 is the default level, 1 the highest.
    package private(set) var priority: UInt64 = 0
    /// Microseconds that the request may take; 0 for no limit.
    package private(set) var timeoutMicroseconds: UInt64 = 0
    /// Its place in a sequence; `nil` when it names none.
    package private(set) var sequence: SequencePosition?
    /// Parameters that aren't the protocol's own.
    package private(set) var parameters: [String: ParameterValue] = [:]

    private var place = SequenceParameters()

    /// Reads a request.
    ///
    /// - Parameters:
    ///   - body: The JSON text.
    ///   - model: Says which members are inputs, and how they look.
    ///   - limits: What a request may bring.
    ///   - memory: Where tensor memory comes from.
    /// - Throws: `invalidArgument` that names the member at fault, `resourceExhausted` without memory.
    package init(
        _ body: some Collection<UInt8>,
        model: ModelDescription,
        limits: InputLimits,
        memory: inout RequestMemory
    ) throws(InferenceError) {
        self.sequence = nil
        let parsing = try Self.chargeParsing(of: body.count, memory: memory)
        let members: [JSONValue.Member]
        do throws(JSONFailure) {
            members = try JSONValue.parse(body, maxDepth: limits.maxJSONDepth, maxValues: Self.maxValues)
        } catch {
            throw InferenceError(
                .invalidArgument,
                error.kind == .tooManyElements
                    ? "the request has more than \(Self.maxValues) values: send tensors of this size to /infer"
                    : "failed to parse the request JSON buffer: expected a JSON object",
                expected: "a JSON object",
                got: error.token
            )
        }
        for member in members { try take(member, path: member.key, isTop: true, model: model, memory: &memory) }
        sequence = place.position
        _ = consume parsing
    }

    /// Charges what parsing takes until the tensors are there: a copy of the text, its strings, and its values.
    private static func chargeParsing(
        of byteCount: Int,
        memory: borrowing RequestMemory
    ) throws(InferenceError) -> ByteCharge? {
        // A value takes two bytes of text at least.
        let most = 2 * byteCount + min(byteCount / 2 + 1, maxValues) * valueBytes
        guard most > RequestMemory.freeBytes else { return nil }
        return try memory.chargeForAWhile(most)
    }

    private mutating func take(
        _ member: JSONValue.Member,
        path: String,
        isTop: Bool,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) {
        if isTop, member.key == "id", case .string(let text) = member.value {
            try memory.charge(text.utf8.count)
            id = text
        } else if isTop, member.key == "parameters", case .object(let nested) = member.value {
            for inner in nested {
                try take(inner, path: "parameters.\(inner.key)", isTop: false, model: model, memory: &memory)
            }
        } else if let input = model.inputs.first(where: { $0.name == member.key }) {
            guard !inputs.contains(where: { $0.name == input.name }) else {
                throw Self.fault(path, "the input comes twice")
            }
            let tensor = try GenerateTensor(input: input, path: path).tensor(of: member.value, memory: &memory)
            inputs.append(NamedTensor(name: input.name, tensor: tensor))
        } else {
            try takeParameter(member, path: path, memory: &memory)
        }
    }

    private mutating func takeParameter(
        _ member: JSONValue.Member,
        path: String,
        memory: inout RequestMemory
    ) throws(InferenceError) {
        guard !member.key.utf8.starts(with: "triton_".utf8) else {
            throw Self.fault(path, "names that start with 'triton_' can't be set by a request")
        }
        // What a parameter holds outlives the text.
        var byteCount = member.key.utf8.count
        if case .string(let text) = member.value { byteCount += text.utf8.count }
        try memory.charge(byteCount)
        switch (member.key, member.value) {
        case ("priority", .integer(let number)) where number >= 0: priority = UInt64(number)
        case ("timeout", .integer(let number)) where number >= 0: timeoutMicroseconds = UInt64(number)
        case ("priority", _), ("timeout", _): throw Self.fault(path, "expected an integer, 0 or more")
        case ("sequence_id", .integer(let number)) where number >= 0:
            place.id = number == 0 ? nil : .number(UInt64(number))
        case ("sequence_id", .string(let text)) where text.utf8.count <= SequencePosition.ID.maxTextBytes:
            place.id = text.isEmpty ? nil : .text(text)
        case ("sequence_id", _): throw Self.fault(path, "expected an integer, 0 or more, or a short string")
        case ("sequence_start", .bool(let value)): place.isStart = value
        case ("sequence_end", .bool(let value)): place.isEnd = value
        case ("sequence_start", _), ("sequence_end", _): throw Self.fault(path, "expected true or false")
        case (_, .bool(let value)): try set(member.key, .bool(value), path)
        case (_, .integer(let value)): try set(member.key, .int(value), path)
        case (_, .real(let value)): try set(member.key, .double(value), path)
        case (_, .string(let value)): try set(member.key, .string(value), path)
        case (_, .null), (_, .unsigned), (_, .array), (_, .object):
            throw Self.fault(
                path,
                "it is no input of the model, and a parameter is a string, a number or a boolean, not "
                    + member.value.kindName
            )
        }
    }

    private mutating func set(_ name: String, _ value: ParameterValue, _ path: String) throws(InferenceError) {
        guard parameters.count < 256 else { throw Self.fault(path, "a request has 256 parameters at most") }
        parameters[name] = value
    }

    private static func fault(_ path: String, _ words: String) -> InferenceError {
        InferenceError(.invalidArgument, "unexpected member '\(path)': \(words)", field: path)
    }
}
