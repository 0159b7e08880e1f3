package import ApusCore

/// What the parameters of a request over gRPC say: those of the protocol, and the model's own.
package struct V2RequestParameters: Sendable {
    /// 0 is the default level, 1 the highest.
    package private(set) var priority: UInt64 = 0
    /// Microseconds that the request may take; 0 for no limit.
    package private(set) var timeoutMicroseconds: UInt64 = 0
    /// Its place in a sequence; `nil` when it names none.
    package private(set) var sequence: SequencePosition?
    /// Whether an end without an answer is to be told.
    package private(set) var wantsEmptyFinal = false
    /// Parameters that aren't the protocol's own.
    package private(set) var others: [String: ParameterValue] = [:]

    /// Takes parameters apart; their names differ.
    ///
    /// - Throws: `invalidArgument` for a value of the wrong kind, none, or one that makes no sense, and for a name that is
    ///   reserved.
    package init(_ parameters: [(name: String, value: ParameterValue?)]) throws(InferenceError) {
        do throws(V2MessageFault) {
            try self.init(parameters.map { V2MessageParameter(name: $0.name, value: $0.value) })
        } catch {
            throw error.inferenceError(model: "")
        }
    }

    /// Reads the entries of a map; of a key that comes twice the last one counts.
    init(_ entries: [Range<Int>], in bytes: RawSpan) throws(V2MessageFault) {
        var parameters: [V2MessageParameter] = []
        do throws(ProtobufFault) {
            for range in entries { parameters.append(try V2MessageParameter(range, in: bytes)) }
        } catch {
            throw .wire(error)
        }
        try self.init(parameters)
    }

    private init(_ parameters: [V2MessageParameter]) throws(V2MessageFault) {
        var position = SequenceParameters()
        for (index, parameter) in parameters.enumerated()
        where !parameters[(index + 1)...].contains(where: { $0.name == parameter.name }) {
            switch parameter.name {
            case "sequence_id": position.id = try parameter.sequenceID()
            case "sequence_start": position.isStart = try parameter.bool()
            case "sequence_end": position.isEnd = try parameter.bool()
            case "priority": priority = try parameter.unsigned()
            case "timeout": timeoutMicroseconds = try parameter.unsigned()
            case "triton_enable_empty_final_response": wantsEmptyFinal = try parameter.bool()
            default: others[parameter.name] = try V2RequestParameters.ownValue(of: parameter)
            }
        }
        sequence = position.position
    }

    private static func ownValue(of parameter: V2MessageParameter) throws(V2MessageFault) -> ParameterValue {
        guard !parameter.name.utf8.starts(with: "triton_".utf8) else {
            throw .request(.reservedParameter(parameter.name))
        }
        switch parameter.value {
        case .uint, nil:
            throw .parameterType(
                parameter.name,
                expected: "bool_param, int64_param, string_param or double_param"
            )
        case .some(let value): return value
        }
    }
}
