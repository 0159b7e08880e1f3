import ApusCore
import ApusProtocol
import Testing

/// The parameters of the sequence extension.
struct V2SequenceTests {
    private func position(_ parameters: String) throws -> SequencePosition? {
        try TestRequest("{\"parameters\":{\(parameters)}}").decode().sequence
    }

    @Test func `an id is a number or text, the flags come in any order`() throws {
        #expect(
            try position(#""sequence_id":18446744073709551615,"sequence_start":true,"sequence_end":false"#)
                == SequencePosition(id: .number(.max), isStart: true, isEnd: false)
        )
        #expect(
            try position(#""sequence_end":true,"sequence_id":"a b""#)
                == SequencePosition(id: .text("a b"), isStart: false, isEnd: true)
        )
        let longest = String(repeating: "x", count: 128)
        #expect(try position(#""sequence_id":"\#(longest)""#)?.id == .text(longest))
    }

    @Test func `nought and empty text stand for no sequence`() throws {
        #expect(try position(#""sequence_id":0,"sequence_start":true"#) == nil)
        #expect(try position(#""sequence_id":"""#) == nil)
        #expect(try position(#""sequence_start":true"#) == nil)
    }

    @Test func `what the extension names is no parameter of the user's`() throws {
        let request = TestRequest(#"{"parameters":{"sequence_id":1,"sequence_start":true,"sequence_end":true,"k":1}}"#)
        #expect(try request.decode().parameters == ["k": .int(1)])
    }

    @Test(
        arguments: [
            (#""sequence_id":-1"#, "sequence_id"), (#""sequence_id":1.5"#, "sequence_id"),
            (#""sequence_id":18446744073709551616"#, "sequence_id"), (#""sequence_id":null"#, "sequence_id"),
            (#""sequence_id":[1]"#, "sequence_id"), (#""sequence_id":true"#, "sequence_id"),
            (#""sequence_start":1"#, "sequence_start"), (#""sequence_end":"true""#, "sequence_end"),
            (#""sequence_id":"\#(String(repeating: "ß", count: 65))""#, "sequence_id"),
        ]
    )
    func `other values are refused by name`(parameters: String, name: String) {
        let error = TestRequest("{\"parameters\":{\(parameters)}}").refusal()
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "parameters.\(name)")
    }
}
