import ApusStorage
import Testing

@Suite
struct ObjectKeyTests {
    @Test(arguments: ["a", "a/b.onnx", "iris/1/model.onnx", "a b/ü", "...", "a/..."])
    func takesNamesThatStayInside(_ text: String) {
        #expect(ObjectKey(text)?.description == text)
    }

    @Test(arguments: ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0b", "a\\b", "a\nb"])
    func refusesNamesThatCouldLeadOut(_ text: String) {
        #expect(ObjectKey(text) == nil)
    }

    @Test
    func isBoundedInLength() {
        #expect(ObjectKey(String(repeating: "a", count: ObjectKey.maxBytes)) != nil)
        #expect(ObjectKey(String(repeating: "a", count: ObjectKey.maxBytes + 1)) == nil)
    }
}
