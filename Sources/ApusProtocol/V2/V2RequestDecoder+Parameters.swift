internal import ApusCore

extension V2RequestDecoder {
    func decodeParameters(into request: inout V2InferRequest) throws {
        try field("parameters", expected: "an object") { try $0.enterObject() }
        while try reader.nextMember() {
            if reader.isKey("binary_data_output") {
                request.binaryDataOutput = try field("parameters.binary_data_output", expected: "true or false") {
                    try $0.readBool()
                }
            } else if reader.isKey("priority") {
                request.priority = try field("parameters.priority", expected: "an integer, 0 or more") {
                    try $0.readUInt64()
                }
            } else if reader.isKey("timeout") {
                request.timeoutMicroseconds = try field(
                    "parameters.timeout",
                    expected: "microseconds, an integer, 0 or more"
                ) {
                    try $0.readUInt64()
                }
            } else {
                try decodeCustomParameter(into: &request)
            }
        }
    }

    private func decodeCustomParameter(into request: inout V2InferRequest) throws {
        let name = reader.key
        guard !name.utf8.starts(with: "triton_".utf8) else { throw V2DecodingFault.reservedParameter(name) }
        guard request.parameters.count < 256 else {
            throw V2DecodingFault.limit(field: "parameters", expected: "at most 256 members")
        }
        request.parameters[name] = try field(
            "parameters.\(name)",
            expected: "a string, a number or a boolean"
        ) { reader -> ParameterValue in
            switch reader.kind {
            case .string: return .string(try reader.readString())
            case .bool: return .bool(try reader.readBool())
            default: break
            }
            do {
                return .int(try reader.readInt64())
            } catch {
                return .double(try reader.readDouble())
            }
        }
    }

    func decodeOutput(index: Int) throws -> V2RequestedOutput {
        try field("outputs[\(index)]", expected: "an object") { try $0.enterObject() }
        var name: String?
        var isBinary = false
        var seen = SeenMembers()
        while try reader.nextMember() {
            if reader.isKey("name") {
                try seen.note(1, "outputs[\(index)].name")
                name = try field("outputs[\(index)].name", expected: "a string") { try $0.readString() }
            } else if reader.isKey("parameters") {
                try seen.note(2, "outputs[\(index)].parameters")
                isBinary = try decodeOutputParameters(index: index)
            } else {
                try reader.skip()
            }
        }
        guard let name else { throw V2DecodingFault.missing(field: "outputs[\(index)].name", expected: "a string") }
        return V2RequestedOutput(name: name, isBinary: isBinary)
    }

    private func decodeOutputParameters(index: Int) throws -> Bool {
        try field("outputs[\(index)].parameters", expected: "an object") { try $0.enterObject() }
        var isBinary = false
        while try reader.nextMember() {
            if reader.isKey("binary_data") {
                isBinary = try field("outputs[\(index)].parameters.binary_data", expected: "true or false") {
                    try $0.readBool()
                }
            } else if reader.isKey("classification") || reader.isKey("shared_memory_region") {
                throw V2DecodingFault.unsupported(field: "outputs[\(index)].parameters.\(reader.key)")
            } else {
                try reader.skip()
            }
        }
        return isBinary
    }
}
