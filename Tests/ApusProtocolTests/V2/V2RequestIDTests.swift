import ApusProtocol
import Testing

/// The id of a request that is refused with its body undecoded.
struct V2RequestIDTests {
    private func find(_ json: String) -> String {
        let bytes = Array(json.utf8)
        return V2RequestID.find(in: bytes.span)
    }

    @Test(arguments: [
        #"{"id":"7"}"#,
        " {\n\t\"id\" :\r\n \"7\" , \"inputs\" : [] }",
        #"{"inputs":[{"id":"5","data":["id","}"]}],"parameters":{"id":"6"},"id":"7"}"#,
        #"{"a":"\"id\":\"5\"","b\\":"id","id":"7"}"#,
        // What comes behind it isn't looked at.
        #"{"id":"7","inputs":[1,,"#,
    ])
    func `the outermost object's id is found`(json: String) {
        #expect(find(json) == "7")
    }

    @Test(arguments: [
        "", "{", #"{"id"#, #"{"id""#, #"{"id":"#, #"{"id":""#, #"{"id":"7"#, #"{"id":"7\"#, #"{"id":7}"#,
        #"{"id" "7"}"#,
        #"["id","7"]"#, #"["id":"7"]"#, #"{}"id":"7""#, #"{"a":"id","b":"7"}"#, #"{"a":{"id":"7"}}"#,
        #"{"id":"\u0037"}"#,
        #"{"\u0069d":"7"}"#, #"{"idx":"7"}"#, "null",
    ])
    func `without one that can be read there is none`(json: String) {
        #expect(find(json).isEmpty)
    }

    @Test func `ids of all characters are as they were written`() {
        #expect(find(#"{"id":"größer/日本"}"#) == "größer/日本")
    }

    @Test func `no more is looked through than a refusal may cost`() {
        let space = String(repeating: " ", count: V2RequestID.maxByteCount - #"{"id":"7"}"#.utf8.count)
        #expect(find(#"{\#(space)"id":"7"}"#) == "7")
        #expect(find(#"{\#(space)  "id":"7"}"#).isEmpty)
    }
}
