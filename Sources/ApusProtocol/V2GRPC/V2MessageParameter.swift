internal import ApusCore

/// One entry of a `parameters` map.
struct V2MessageParameter {
    /// The key.
    private(set) var name = ""
    /// The value; `nil` when none of its choices is set.
    private(set) var value: ParameterValue?

    /// Takes an entry that somebody else has read.
    init(name: String, value: ParameterValue?) {
        self.name = name
        self.value = value
    }

    /// Reads an entry of the map.
    init(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        var reader = ProtobufReader(range)
        while let field = try reader.nextField(in: bytes) {
            switch (field.number, field.wire) {
            case (1, .bytes): name = try bytes.text(at: reader.readBytes(in: bytes))
            case (2, .bytes): try readValue(reader.readBytes(in: bytes), in: bytes)
            default: try reader.skip(field, in: bytes)
            }
        }
    }

    /// Reads an InferParameter; the last choice counts.
    private mutating func readValue(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) {
        var reader = ProtobufReader(range)
        while let field = try reader.nextField(in: bytes) {
            switch (field.number, field.wire) {
            case (1, .varint): value = .bool(try reader.readVarint(in: bytes) != 0)
            case (2, .varint): value = .int(Int64(bitPattern: try reader.readVarint(in: bytes)))
            case (3, .bytes): value = .string(try bytes.text(at: reader.readBytes(in: bytes)))
            case (4, .fixed64):
                let start = try reader.readFixed(8).lowerBound
                let pattern = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
                value = .double(Double(bitPattern: UInt64(littleEndian: pattern)))
            case (5, .varint): value = .uint(try reader.readVarint(in: bytes))
            default: try reader.skip(field, in: bytes)
            }
        }
    }
}

extension V2MessageParameter {
    /// The value where only truth will do.
    func bool() throws(V2MessageFault) -> Bool {
        guard case .bool(let value) = value else { throw .parameterType(name, expected: "bool_param") }
        return value
    }

    /// The value where only text will do.
    func text() throws(V2MessageFault) -> String {
        guard case .string(let value) = value else { throw .parameterType(name, expected: "string_param") }
        return value
    }

    /// The value where a whole number from 0 on is wanted, with or without sign: clients send both.
    func unsigned() throws(V2MessageFault) -> UInt64 {
        switch value {
        case .uint(let value): return value
        case .int(let value):
            guard let number = UInt64(exactly: value) else {
                throw .parameterValue(name, expected: "value >= 0", got: String(value))
            }
            return number
        default: throw .parameterType(name, expected: "int64_param or uint64_param")
        }
    }

    /// The value of a sequence's id: a number or text; 0 and "" stand for none.
    func sequenceID() throws(V2MessageFault) -> SequencePosition.ID? {
        switch value {
        case .string(let text):
            let most = SequencePosition.ID.maxTextBytes
            guard text.utf8.count <= most else {
                throw .request(
                    .limit(field: "parameters.sequence_id", expected: "a string of at most \(most) bytes")
                )
            }
            return text.isEmpty ? nil : .text(text)
        case .int, .uint:
            let number = try unsigned()
            return number == 0 ? nil : .number(number)
        default: throw .parameterType(name, expected: "int64_param or string_param")
        }
    }
}

extension V2OutputWish {
    /// Notes a parameter; passes over one that says nothing to us.
    ///
    /// - Returns: What is wrong with it.
    mutating func take(_ parameter: V2MessageParameter) -> V2MessageFault? {
        do throws(V2MessageFault) {
            if parameter.name == "classification" {
                classCount = try parameter.unsigned()
            } else {
                try memory.take(parameter)
            }
            return nil
        } catch {
            return error
        }
    }
}

extension V2SharedMemory {
    /// Notes a parameter about shared memory; passes over any other.
    mutating func take(_ parameter: V2MessageParameter) throws(V2MessageFault) {
        switch parameter.name {
        case "shared_memory_region": region = try parameter.text()
        case "shared_memory_offset": offset = try parameter.unsigned()
        case "shared_memory_byte_size": byteSize = try parameter.unsigned()
        default: break
        }
    }
}
