import ApusStorage
import Dispatch
import Glibc
import Synchronization
import Testing

@Suite
struct SystemFilesTests {
    private let folder = TemporaryFolder()
    private let files = SystemFiles()

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test
    func `files are opened as asked, and read back as written`() throws {
        let path = "\(folder.path)/a"
        #expect(code { _ = try files.open(path, .existing) } == .notFound)
        #expect(code { _ = try files.openForReading(path) } == .notFound)
        let file = try files.open(path, .new)
        #expect(code { _ = try files.open(path, .new) } == .conditionFailed)
        try file.write([UInt8](0..<200))
        try file.write([9, 9], at: 198)
        try file.truncate(to: 201)
        try file.sync()
        #expect(try files.open(path, .either).readAll(byteLimit: 201) == [UInt8](0..<198) + [9, 9, 0])
        #expect(code { _ = try file.readAll(byteLimit: 200) } == .tooLarge)
        #expect(try files.status(of: path)?.byteCount == 201)
        #expect(try file.digest().byteCount == 201)
    }

    @Test
    func `a link isn't followed, and only regular files are opened`() throws {
        unsafe #expect(symlink("/etc/passwd", "\(folder.path)/link") == 0)
        unsafe #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        #expect(code { _ = try files.openForReading("\(folder.path)/link") } == .invalid)
        #expect(code { _ = try files.open("\(folder.path)/link", .either) } == .invalid)
        #expect(code { _ = try files.openForReading("\(folder.path)/pipe") } == .invalid)
        #expect(code { _ = try files.openForReading(folder.path) } == .invalid)
        #expect(try files.status(of: "\(folder.path)/link")?.kind == .other)
        #expect(try files.names(in: folder.path) == ["link", "pipe"])
    }

    @Test
    func `a name that is taken is left when asked`() throws {
        for name in ["a", "b"] { try files.open("\(folder.path)/\(name)", .new).write(Array(name.utf8)) }
        let (first, second) = ("\(folder.path)/a", "\(folder.path)/b")
        #expect(code { try files.rename(first, to: second, isExclusive: true) } == .conditionFailed)
        try files.rename(first, to: second, isExclusive: false)
        #expect(try files.openForReading(second).readAll(byteLimit: 9) == Array("a".utf8))
        try files.rename(second, to: first, isExclusive: true)
        #expect(try files.status(of: second) == nil)
        try files.removeFile(second)
        try files.removeFolder(second)
        try files.makeFolder(second)
        try files.makeFolder(second)
        #expect(code { try files.makeFolder(first) } == .invalid)
        _ = try files.open("\(second)/c", .new)
        #expect(code { try files.removeFolder(second) } == .inUse)
        try files.syncFolder(second)
    }

    @Test
    func `a lock keeps others out until it ends, also where its file is removed`() throws {
        let path = "\(folder.path)/lock"
        var first: (any Sendable)? = try files.lock(path)
        #expect(first != nil)
        #expect(try files.lock(path, .exclusiveIfFree) == nil)
        let order = Mutex<[String]>([])
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) { [files] in
            let second = try? files.lock(path)
            order.withLock { $0.append("second") }
            withExtendedLifetime(second) {}
        }
        try files.removeFile(path)
        order.withLock { $0.append("first") }
        first = nil
        group.wait()
        #expect(order.withLock { $0.contains("second") })
        let shared = try files.lock(path, .shared)
        let sharedToo = try files.lock(path, .shared)
        #expect(try files.lock(path, .exclusiveIfFree) == nil)
        withExtendedLifetime((shared, sharedToo)) {}
    }

    @Test
    func `folders are made with those above them`() throws {
        let durable = DurableFiles(files)
        try durable.makeFolders("\(folder.path)/a/b/c")
        try durable.makeFolders("d/e", in: "\(folder.path)/a/b/c")
        #expect(try files.status(of: "\(folder.path)/a/b/c/d/e")?.kind == .folder)
        try durable.removeTree("\(folder.path)/a")
        #expect(try files.names(in: folder.path).isEmpty)
    }
}
