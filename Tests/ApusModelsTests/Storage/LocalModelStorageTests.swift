import ApusCore
import ApusModels
import CLinux
import Glibc
import Testing

struct LocalModelStorageTests {
    private let folder = TemporaryFolder()

    private func path(_ text: String) -> StoragePath { StoragePath(text)! }

    @Test func `entries come sorted and with what they are`() throws {
        folder.write("b")
        folder.makeFolder("a")
        folder.link("d", to: "a")
        folder.link("c", to: "b")
        precondition(unsafe mkfifo("\(folder.path)/e", 0o600) == 0)
        let entries = try LocalModelStorage(path: folder.path).entries(of: .root)
        #expect(entries.map(\.name) == ["a", "b", "c", "d", "e"])
        #expect(entries.map(\.isFolder) == [true, false, false, true, false])
        #expect(entries.map(\.isFile) == [false, true, true, false, false])
    }

    @Test func `a file is read whole, and found by its absolute path`() throws {
        folder.write("m/config.pbtxt", "name: 'm'")
        let storage = try LocalModelStorage(path: folder.path)
        let bytes = try storage.contents(of: path("m/config.pbtxt"), byteLimit: 9)
        #expect(String(decoding: bytes, as: UTF8.self) == "name: 'm'")
        let file = try storage.locate(path("m/config.pbtxt"))
        #expect(file.path == "\(storage.location)/m/config.pbtxt")
        #expect(file.byteCount == 9)
        #expect(file.linkCount == 1)
        #expect(storage.name == "models")
    }

    @Test func `a file beyond the limit is refused with both sizes`() throws {
        folder.write("big", "0123456789")
        let storage = try LocalModelStorage(path: folder.path)
        let error = #expect(throws: ModelError.self) { try storage.contents(of: path("big"), byteLimit: 9) }
        #expect(error?.message.contains("has 10 bytes") == true)
        #expect(error?.message.contains("is 9") == true)
    }

    @Test(arguments: ["/etc/passwd", "../../../../../../etc/passwd", "/proc/self/exe"])
    func `a link out of the root is refused`(target: String) throws {
        folder.link("m/model.onnx", to: target)
        let storage = try LocalModelStorage(path: folder.path)
        let file = path("m/model.onnx")
        let unread = #expect(throws: ModelError.self) { try storage.contents(of: file, byteLimit: 1 << 20) }
        #expect(unread?.code == .unsafeFile)
        let unfound = #expect(throws: ModelError.self) { try storage.locate(file) }
        #expect(unfound?.code == .unsafeFile)
        guard case .unreachable(let error)? = try storage.entries(of: path("m")).first?.kind else {
            Issue.record("the link was followed")
            return
        }
        #expect(error.message.contains("symbolic link"))
    }

    @Test func `a folder that links out of the root can't be entered`() throws {
        folder.link("etc", to: "/etc")
        let storage = try LocalModelStorage(path: folder.path)
        #expect(throws: ModelError.self) { try storage.entries(of: path("etc")) }
        #expect(throws: ModelError.self) { try storage.contents(of: path("etc/passwd"), byteLimit: 1 << 20) }
    }

    @Test func `a link that stays inside is followed`() throws {
        folder.write("blobs/1", "weights")
        folder.link("m/1/model.onnx", to: "../../blobs/1")
        let storage = try LocalModelStorage(path: folder.path)
        #expect(try storage.contents(of: path("m/1/model.onnx"), byteLimit: 100).count == 7)
    }

    @Test func `links in a circle and to nothing are refused with a reason`() throws {
        folder.link("a", to: "b")
        folder.link("b", to: "a")
        folder.link("c", to: "nowhere")
        let storage = try LocalModelStorage(path: folder.path)
        let messages = try storage.entries(of: .root).map { entry in
            if case .unreachable(let error) = entry.kind { error.message } else { "" }
        }
        #expect(messages[0].contains("can't be followed"))
        #expect(messages[2].contains("doesn't exist"))
    }

    @Test func `a pipe neither blocks nor is read`() throws {
        precondition(unsafe mkfifo("\(folder.path)/pipe", 0o600) == 0)
        let storage = try LocalModelStorage(path: folder.path)
        let error = #expect(throws: ModelError.self) { try storage.contents(of: path("pipe"), byteLimit: 10) }
        #expect(error?.code == .unsafeFile)
    }

    @Test func `a folder without permission says who may not read it`() throws {
        folder.makeFolder("secret")
        folder.setPermissions("secret", 0o000)
        let storage = try LocalModelStorage(path: folder.path)
        let error = asNobody { #expect(throws: ModelError.self) { try storage.entries(of: path("secret")) } }
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("can't be read by user") == true)
    }

    @Test func `a hard link shows in the link count`() throws {
        folder.write("a")
        precondition(unsafe Glibc.link("\(folder.path)/a", "\(folder.path)/b") == 0)
        #expect(try LocalModelStorage(path: folder.path).locate(path("a")).linkCount == 2)
    }

    @Test func `a root that isn't there or is no folder can't be opened`() {
        folder.write("file")
        let missing = #expect(throws: RuntimeFailure.self) { try LocalModelStorage(path: "\(folder.path)/none") }
        #expect(missing?.message.contains("doesn't exist") == true)
        let file = #expect(throws: RuntimeFailure.self) { try LocalModelStorage(path: "\(folder.path)/file") }
        #expect(file?.message.contains("is no folder") == true)
    }

    @Test func `without openat2 no link is followed and nothing outside is reached`() throws {
        folder.write("m/1/model.onnx")
        folder.link("m/1/link.onnx", to: "model.onnx")
        folder.link("m/2", to: "1")
        let root = unsafe open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { _ = close(root) }
        for path in ["m/1/model.onnx", "m", "."] {
            let descriptor = unsafe CLinux_openWithoutLinks(root, path, O_RDONLY)
            #expect(descriptor >= 0)
            _ = close(descriptor)
        }
        for path in ["m/1/link.onnx", "m/2/model.onnx", "..", "m/../m", "/etc", "", "m/none", "m/1/model.onnx/x"] {
            for flags in [O_RDONLY, CLinux_pathOnly()] {
                #expect(unsafe CLinux_openWithoutLinks(root, path, flags) == -1, "\(path)")
            }
        }
    }
}
