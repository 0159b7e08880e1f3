import ApusStorage
import Glibc
import Testing

@Suite
struct LocalObjectStoreTests {
    private let folder = TemporaryFolder()
    private var root: String { "\(folder.path)/store" }

    private func makeStore() throws -> LocalObjectStore {
        let store = try LocalObjectStore(path: root)
        try store.write([1], to: try #require(ObjectKey("m/1/model")), if: .always)
        return store
    }

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test
    func `nothing is read or written through a link, neither of a file nor of a folder`() throws {
        let store = try makeStore()
        let outside = "\(folder.path)/outside"
        unsafe mkdir(outside, 0o700)
        unsafe close(open("\(outside)/secret", O_CREAT | O_WRONLY, 0o600))
        unsafe #expect(symlink(outside, "\(root)/way-out") == 0)
        unsafe #expect(symlink("\(outside)/secret", "\(root)/m/1/link") == 0)
        for name in ["way-out/secret", "m/1/link", "way-out/new/file"] {
            let key = try #require(ObjectKey(name))
            #expect(code { _ = try store.describe(key) } == .invalid)
            #expect(code { _ = try store.read(key, byteLimit: 10, unless: nil) } == .invalid)
            #expect(code { try store.write([1], to: key, if: .absent) } == .invalid)
        }
        #expect(code { try store.write([1], to: try #require(ObjectKey("way-out/new")), if: .always) } == .invalid)
        #expect(code { try store.remove(try #require(ObjectKey("way-out/secret"))) } == .invalid)
        #expect(try store.list("", limit: 10).map(\.key.description) == ["m/1/model"])
        #expect(try SystemFiles().names(in: outside) == ["secret"])
        // A link in an object's place is replaced, not written through.
        try store.write([5], to: try #require(ObjectKey("m/1/link")), if: .always)
        #expect(try SystemFiles().status(of: "\(outside)/secret")?.byteCount == 0)
    }

    @Test
    func `hidden files are no objects`() throws {
        let store = try makeStore()
        #expect(try SystemFiles().names(in: root).contains(".apus-lock"))
        unsafe close(open("\(root)/m/1/.hidden", O_CREAT | O_WRONLY, 0o600))
        #expect(try store.list("", limit: 10).count == 1)
        for name in [".a", "m/.b", "m/.b/c"] {
            let key = try #require(ObjectKey(name))
            #expect(try store.describe(key) == nil)
            #expect(code { try store.write([1], to: key, if: .always) } == .invalid)
        }
    }

    @Test
    func `folders that became empty go with their last object, and the root stays`() throws {
        let store = try makeStore()
        try store.write([1], to: try #require(ObjectKey("m/2/deep/model")), if: .always)
        try store.remove(try #require(ObjectKey("m/2/deep/model")))
        #expect(try SystemFiles().names(in: "\(root)/m") == ["1"])
        try store.remove(try #require(ObjectKey("m/1/model")))
        #expect(try SystemFiles().names(in: root) == [".apus-lock"])
        try store.write([1], to: try #require(ObjectKey("m/1/model")), if: .absent)
    }

    @Test
    func `what a killed writer left is no object, and is removed when it is old`() throws {
        let store = try makeStore()
        let leftover = "\(root)/m/1/.apus-new-1"
        unsafe close(open(leftover, O_CREAT | O_WRONLY, 0o600))
        #expect(try store.list("", limit: 10).count == 1)
        #expect(try store.removeLeftovers(notWrittenSince: 0) == 0)
        #expect(try store.removeLeftovers(notWrittenSince: .max) == 1)
        #expect(try SystemFiles().names(in: "\(root)/m/1") == ["model"])
    }

    @Test
    func `a folder that isn't there holds nothing, and a file in a folder's place is said`() throws {
        let store = try LocalObjectStore(path: root)
        #expect(try store.list("", limit: 10).isEmpty)
        #expect(try store.describe(try #require(ObjectKey("a"))) == nil)
        try store.remove(try #require(ObjectKey("a/b")))
        try store.remove(try #require(ObjectKey("a")))
        try store.write([1], to: try #require(ObjectKey("a")), if: .always)
        #expect(code { try store.write([1], to: try #require(ObjectKey("a/b")), if: .always) } == .invalid)
        #expect(code { _ = try LocalObjectStore(path: "relative") } == .invalid)
    }

    @Test
    func `objects may be read by whom the umask lets, files of the cache by this user alone`() throws {
        _ = try makeStore()
        func mode(_ path: String) -> mode_t {
            var status = stat()
            unsafe #expect(stat(path, &status) == 0)
            return status.st_mode & 0o777
        }
        // The umask isn't asked for: that can only be done by changing it, for all threads.
        let probe = "\(folder.path)/probe"
        unsafe close(open(probe, O_CREAT | O_WRONLY, 0o666))
        #expect(mode("\(root)/m/1/model") == mode(probe))
        _ = try SystemFiles().open("\(folder.path)/private", .new)
        try SystemFiles().makeFolder("\(folder.path)/folder")
        #expect(mode("\(folder.path)/private") == 0o600)
        #expect(mode("\(folder.path)/folder") == 0o700)
    }

    @Test
    func `three states that are written at once have three tags`() throws {
        let store = try makeStore()
        let key = try #require(ObjectKey("m/1/model"))
        var tags: Set<EntityTag> = []
        for _ in 0..<50 { tags.insert(try store.write([7], to: key, if: .always)) }
        #expect(tags.count == 50)
    }

    @Test
    func `a write that fails leaves no file behind`() throws {
        let store = try makeStore()
        #expect(code { try store.write([1], to: try #require(ObjectKey("m/1")), if: .always) } == .invalid)
        #expect(try SystemFiles().names(in: "\(root)/m") == ["1"])
    }
}
