import ApusEngine
import Foundation
import Testing

@testable import ApusONNXRuntime

struct ONNXRuntimeLibraryTests {
    private func openError(_ places: [LibraryPlace]) -> EngineError? {
        #expect(throws: EngineError.self) { try ONNXRuntimeLibrary(searching: places) }
    }

    @Test func `a missing library names all places and the command that installs it`() {
        let error = openError([.path("/nowhere/a.so"), .path("/nowhere/b"), .name("libnosuchonnxruntime.so")])
        #expect(error?.code == .libraryMissing)
        for part in ["/nowhere/a.so", "/nowhere/b", "libnosuchonnxruntime.so", "scripts/install-engine onnxruntime"] {
            #expect(error?.message.contains(part) == true)
        }
    }

    @Test func `a library that isn't ONNX Runtime is refused`() throws {
        try Fixture.withFolder { folder in
            let libraries = ["/lib/x86_64-linux-gnu/libz.so.1", "/lib/aarch64-linux-gnu/libz.so.1", "/lib64/libz.so.1"]
            let zlib = try #require(libraries.first(where: FileManager.default.fileExists))
            let error = openError([.path(zlib)])
            #expect(error?.code == .libraryUnsuitable)
            #expect(error?.message.contains("OrtGetApiBase") == true)
            try Data("text".utf8).write(to: URL(filePath: "\(folder)/libonnxruntime.so"))
            #expect(openError([.path(folder)])?.code == .libraryUnsuitable)
        }
    }

    @Test func `the newest library of a folder is taken`() throws {
        try Fixture.withFolder { folder in
            for name in ["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.31.1", "libonnxruntime.so.bak", "libother.so"]
            {
                try Data().write(to: URL(filePath: "\(folder)/\(name)"))
            }
            #expect(LibraryPlace.path(folder).candidate() == "\(folder)/libonnxruntime.so.1.31.1")
            #expect(LibraryPlace.path("\(folder)/libother.so").candidate() == "\(folder)/libother.so")
            #expect(LibraryPlace.path("\(folder)/none").candidate() == nil)
        }
    }

    @Test func `versions are compared by number`() {
        #expect(ONNXRuntimeLibrary.isRecent("1.31.1"))
        #expect(ONNXRuntimeLibrary.isRecent("1.15.0"))
        #expect(ONNXRuntimeLibrary.isRecent("2.0.0"))
        #expect(!ONNXRuntimeLibrary.isRecent("1.9.0"))
        #expect(!ONNXRuntimeLibrary.isRecent("1.14.1"))
        #expect(!ONNXRuntimeLibrary.isRecent("none"))
    }

    @Test func `places are searched from the binary outwards`() {
        let places = ONNXRuntimeLibrary.searchPath(
            configured: nil,
            executableFolder: "/home/me/apus/.build/x/release",
            triple: "x86_64-linux-gnu"
        )
        #expect(
            places.map(\.description) == [
                "/home/me/apus/.build/x/release", "/home/me/apus/.build/x/lib",
                "/home/me/apus/.build/x/release/.engines/onnxruntime", "/home/me/apus/.build/x/.engines/onnxruntime",
                "/home/me/apus/.build/.engines/onnxruntime", "/home/me/apus/.engines/onnxruntime", "/usr/local/lib",
                "/usr/lib/x86_64-linux-gnu",
                "libonnxruntime.so.1 (system loader)", "libonnxruntime.so (system loader)",
            ]
        )
    }

    @Test func `a configured path stands alone`() {
        let places = ONNXRuntimeLibrary.searchPath(configured: "/opt/ort", executableFolder: "/opt/apus/bin")
        #expect(places == [.path("/opt/ort"), .path("/opt/ort/onnxruntime")])
    }
}
