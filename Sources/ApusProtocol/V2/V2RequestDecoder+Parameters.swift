internal import ApusCore

extension V2RequestDecoder {
    func decodeParameters(into request: inout V2InferRequest) throws(V2DecodingFault) {
        try enterObject("parameters")
        var sequence = SequenceParameters()
        while try nextMember() {
            if reader.isKey("binary_data_output") {
                request.binaryDataOutput = try bool("parameters.binary_data_output")
            } else if reader.isKey("priority") {
                request.priority = try unsigned("parameters.priority", expected: "an integer, 0 or more")
            } else if reader.isKey("timeout") {
                request.timeoutMicroseconds = try unsigned(
                    "parameters.timeout",
                    expected: "microseconds, an integer, 0 or more"
                )
            } else if try !decodeSequence(into: &sequence) {
                try decodeCustomParameter(into: &request)
            }
        }
        request.sequence = sequence.position
    }

    private func decodeCustomParameter(into request: inout V2InferRequest) throws(V2DecodingFault) {
        let name = reader.key
        guard !name.utf8.starts(with: "triton_".utf8) else { throw .reservedParameter(name) }
        guard request.parameters.count < 256 else {
            throw .limit(field: "parameters", expected: "at most 256 members")
        }
        request.parameters[name] = try field(
            "parameters.\(name)",
            expected: "a string, a number or a boolean"
        ) { reader throws(JSONFailure) -> ParameterValue in
            switch reader.kind {
            case .string: return .string(try reader.readString())
            case .bool: return .bool(try reader.readBool())
            default: break
            }
            do throws(JSONFailure) {
                return .int(try reader.readInt64())
            } catch {
                return .double(try reader.readDouble())
            }
        }
    }

    func decodeOutput(index: Int) throws(V2DecodingFault) -> V2RequestedOutput {
        try enterObject("outputs[\(index)]")
        var name: String?
        var wish = V2OutputWish()
        var seen = SeenMembers()
        while try nextMember() {
            if reader.isKey("name") {
                try seen.note(1, "outputs[\(index)].name")
                name = try field("outputs[\(index)].name", expected: "a string") { reader throws(JSONFailure) in
                    try reader.readString()
                }
            } else if reader.isKey("parameters") {
                try seen.note(2, "outputs[\(index)].parameters")
                wish = try decodeOutputParameters(index: index)
            } else {
                try skip()
            }
        }
        guard let name else { throw .missing(field: "outputs[\(index)].name", expected: "a string") }
        let special = try wish.special(of: sharedMemory, limits: limits, place: "outputs[\(index)].parameters")
        return V2RequestedOutput(name: name, isBinary: wish.isBinary, special: special)
    }

    private func decodeOutputParameters(index: Int) throws(V2DecodingFault) -> V2OutputWish {
        try enterObject("outputs[\(index)].parameters")
        var wish = V2OutputWish()
        while try nextMember() {
            if reader.isKey("binary_data") {
                wish.isBinary = try bool("outputs[\(index)].parameters.binary_data")
            } else if reader.isKey("classification") {
                wish.classCount = try unsigned(
                    "outputs[\(index)].parameters.classification",
                    expected: "the number of classes, an integer"
                )
            } else if try !decodeSharedMemory(into: &wish.memory, of: "outputs[\(index)]") {
                try skip()
            }
        }
        return wish
    }

    /// Reads a member about shared memory; `false` for any other.
    func decodeSharedMemory(
        into memory: inout V2SharedMemory,
        of place: @autoclosure () -> String
    ) throws(V2DecodingFault) -> Bool {
        if reader.isKey("shared_memory_region") {
            memory.region = try field("\(place()).parameters.shared_memory_region", expected: "a string") {
                reader throws(JSONFailure) in try reader.readString()
            }
        } else if reader.isKey("shared_memory_offset") {
            memory.offset = try unsigned(
                "\(place()).parameters.shared_memory_offset",
                expected: "bytes, an integer, 0 or more"
            )
        } else if reader.isKey("shared_memory_byte_size") {
            memory.byteSize = try unsigned(
                "\(place()).parameters.shared_memory_byte_size",
                expected: "bytes, an integer, 0 or more"
            )
        } else {
            return false
        }
        return true
    }

    func bool(_ name: @autoclosure () -> String) throws(V2DecodingFault) -> Bool {
        try field(name(), expected: "true or false") { reader throws(JSONFailure) in try reader.readBool() }
    }

    private func unsigned(
        _ name: @autoclosure () -> String,
        expected: @autoclosure () -> String
    ) throws(V2DecodingFault) -> UInt64 {
        try field(name(), expected: expected()) { reader throws(JSONFailure) in try reader.readUInt64() }
    }
}
