import ApusModels
import Testing

struct StoragePathTests {
    @Test(arguments: ["a", "a/b", "model.onnx", "..a", "a..", "...", "a/.hidden"])
    func `a relative path is taken as it is`(text: String) {
        #expect(StoragePath(text)?.description == text)
    }

    @Test(arguments: ["", ".", "..", "/", "/etc", "a/", "a//b", "a/../b", "../a", "a/.", "./a", "a\u{0}b"])
    func `a path that could lead elsewhere is refused`(text: String) {
        #expect(StoragePath(text) == nil)
    }

    @Test func `only a single component can be appended`() {
        #expect(StoragePath.root.appending("a")?.description == "a")
        #expect(StoragePath("a")?.appending("b")?.description == "a/b")
        for component in ["", ".", "..", "b/c", "/b", "b\u{0}"] {
            #expect(StoragePath("a")?.appending(component) == nil)
        }
    }
}
