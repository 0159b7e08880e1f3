import Testing

@testable import ApusProtocol

struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
        ("Zm9vYmFy", "foobar"), ("Zg", "f"), ("Zm8", "fo"),
    ]) func `the examples of RFC 4648 are read, with padding or without`(_ text: String, _ plain: String) {
        #expect(Base64.bytes(of: text) == Array(plain.utf8))
    }

    @Test func `both alphabets are read`() {
        #expect(Base64.bytes(of: "+/+/") == [0xfb, 0xff, 0xbf])
        #expect(Base64.bytes(of: "-_-_") == [0xfb, 0xff, 0xbf])
    }

    @Test func `large data is read`() {
        let text = String(repeating: "AAECAwQF", count: 100_000)
        #expect(Base64.bytes(of: text)?.count == 600_000)
    }

    @Test(arguments: ["Z", "Zg=", "Zg===", "=", "==", "Zm9v=", "Zm 9", "Zm9v\n", "Zm9*", "Zh==", "Zm9=", "ü"])
    func `other text is refused`(_ text: String) {
        #expect(Base64.bytes(of: text) == nil)
    }
}
