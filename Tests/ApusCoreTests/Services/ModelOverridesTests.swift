import ApusCore
import Testing

struct ModelOverridesTests {
    private func refusal(_ key: String, _ value: ModelOverrides.Value) -> InferenceError? {
        var overrides = ModelOverrides()
        do throws(InferenceError) {
            try overrides.set(key, value)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a configuration and files are taken`() throws {
        var overrides = ModelOverrides()
        try overrides.set("config", .text("{}"))
        try overrides.set("file:1/model.onnx", .bytes([1, 2]))
        try overrides.set("file:12/assets/words.txt", .bytes([]))
        try overrides.check()
        #expect(overrides.configuration == "{}")
        #expect(overrides.files.map(\.path) == ["model.onnx", "assets/words.txt"])
        #expect(overrides.files.map(\.version.number) == [1, 12])
    }

    @Test(arguments: [
        "file:", "file:1", "file:1/", "file:/model.onnx", "file:0/model.onnx", "file:01/model.onnx",
        "file:x/model.onnx",
        "file:1/../model.onnx", "file:1/./model.onnx", "file:1//model.onnx", "file:1/a/../../b", "file:../1/model.onnx",
        "file:1/a\0b", "file:-1/m", "file:1/" + String(repeating: "a", count: 256), "files:1/m", "other", "",
    ]) func `a file's name can't lead elsewhere`(_ key: String) {
        #expect(refusal(key, .bytes([1]))?.code == .invalidArgument)
    }

    @Test func `values of another kind are refused`() {
        #expect(refusal("config", .bytes([1])) != nil)
        #expect(refusal("config", .other("a number")) != nil)
        #expect(refusal("file:1/m", .text("x"))?.message.contains("expected the file's bytes") == true)
        #expect(refusal("max_batch_size", .other("a number"))?.message.contains("config and file:") == true)
    }

    @Test func `a file comes once, and files are bounded in number`() throws {
        var overrides = ModelOverrides()
        for index in 0..<ModelOverrides.maxFiles { try overrides.set("file:1/f\(index)", .bytes([])) }
        #expect(throws: InferenceError.self) { try overrides.set("file:1/more", .bytes([])) }
        var twice = ModelOverrides()
        try twice.set("file:1/m", .bytes([]))
        #expect(throws: InferenceError.self) { try twice.set("file:1/m", .bytes([])) }
    }

    @Test func `files need a configuration`() throws {
        var overrides = ModelOverrides()
        try overrides.set("file:1/m", .bytes([]))
        #expect(throws: InferenceError.self) { try overrides.check() }
        try ModelOverrides().check()
    }
}
