import ApusCore
import ApusProtocol
import Testing

struct JSONTextTests {
    private func text(_ build: (inout JSONText) -> Void) -> String {
        var text = JSONText()
        build(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    @Test func `commas stand between values and nowhere else`() {
        let written = text { text in
            text.object { text in
                text.key("a")
                text.array { text in
                    text.integer(1)
                    text.array { _ in }
                    text.object { _ in }
                    text.string("s")
                }
                text.member("b", -2)
                text.key("c")
                text.object { text in
                    text.member("d", "e")
                }
                text.key("f")
                text.real(0.5)
                text.key("g")
                text.bool(false)
                text.key("h")
                text.raw("[1]")
            }
        }
        #expect(written == #"{"a":[1,[],{},"s"],"b":-2,"c":{"d":"e"},"f":0.5,"g":false,"h":[1]}"#)
    }

    @Test func `every byte below the space is escaped, and quote and backslash`() throws {
        for value in UInt8(0)..<0x80 {
            let original = "a\(Character(Unicode.Scalar(value)))b"
            let written = text { $0.string(original) }
            guard case .string(let read) = try #require(StrictJSON.parse(Array(written.utf8))) else {
                Issue.record("no string: \(written)")
                return
            }
            #expect(read == Array(original.utf8))
        }
        #expect(text { $0.string("\u{0}\u{1f}\u{8}\u{c}") } == #""\u0000\u001f\u0008\u000c""#)
        #expect(text { $0.string("\n\r\t\"\\/é😀") } == #""\n\r\t\"\\/é😀""#)
    }

    @Test func `keys are escaped too`() {
        #expect(text { text in text.object { $0.member("a\"\n", "b") } } == #"{"a\"\n":"b"}"#)
    }

    @Test func `reals that JSON doesn't have are null`() {
        let written = text { text in
            text.array { text in
                text.real(.nan)
                text.real(.infinity)
                text.real(1)
            }
        }
        #expect(written == "[null,null,1.0]")
    }
}
