internal import ApusCore

/// What a request's parameters say of its sequence, in whatever order they come.
struct SequenceParameters {
    var id: SequencePosition.ID?
    var isStart = false
    var isEnd = false

    /// The place; `nil` without an id.
    var position: SequencePosition? {
        id.map { SequencePosition(id: $0, isStart: isStart, isEnd: isEnd) }
    }
}

extension V2RequestDecoder {
    /// Reads a parameter of the sequence extension; `false`, and nothing read, for any other.
    func decodeSequence(into sequence: inout SequenceParameters) throws(V2DecodingFault) -> Bool {
        if reader.isKey("sequence_id") {
            sequence.id = try decodeSequenceID()
        } else if reader.isKey("sequence_start") {
            sequence.isStart = try bool("parameters.sequence_start")
        } else if reader.isKey("sequence_end") {
            sequence.isEnd = try bool("parameters.sequence_end")
        } else {
            return false
        }
        return true
    }

    /// The id: a number or text; 0 and "" stand for none.
    private func decodeSequenceID() throws(V2DecodingFault) -> SequencePosition.ID? {
        let name = "parameters.sequence_id"
        let most = SequencePosition.ID.maxTextBytes
        let id = try field(name, expected: "an integer, 0 or more, or a string of at most \(most) bytes") {
            reader throws(JSONFailure) -> SequencePosition.ID in
            reader.kind == .string ? .text(try reader.readString()) : .number(try reader.readUInt64())
        }
        switch id {
        case .number(0), .text(""): return nil
        case .text(let text) where text.utf8.count > most:
            throw .limit(field: name, expected: "a string of at most \(most) bytes")
        default: return id
        }
    }
}
