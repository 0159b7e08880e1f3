package import ApusStorage
internal import Dispatch
internal import Glibc

/// What a command that publishes works with: stores by their addresses, a folder for a while, a name for the history.
package struct PublishingSession: Sendable {
    /// The process's variables.
    package let environment: [String: String]
    private let scratch: String

    /// Runs blocking work on a thread of its own, with a folder that goes afterwards.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable (PublishingSession) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Swift.Result { try withSession(body) })
            }
        }
    }

    /// Lends a new folder to a piece of work; it goes afterwards.
    package static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = try makeFolder(ProcessEnvironment.variables)
        // What is left of it is the system's to clear up.
        defer { try? DurableFiles(SystemFiles()).removeTree(folder) }
        return try await body(folder)
    }

    private static func withSession<Result>(_ body: (PublishingSession) throws -> Result) throws -> Result {
        let environment = ProcessEnvironment.variables
        let scratch = try makeFolder(environment)
        // What is left of it is the system's to clear up.
        defer { try? DurableFiles(SystemFiles()).removeTree(scratch) }
        return try body(PublishingSession(environment: environment, scratch: scratch))
    }

    private static func makeFolder(_ environment: [String: String]) throws(StorageError) -> String {
        let folder = "\(environment["TMPDIR"] ?? "/tmp")/apus-XXXXXX"
        var template = Array(folder.utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw StorageError(.system, "no folder can be made for temporary files ('\(folder)'): set TMPDIR")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A path that doesn't depend on where the process runs; a store's address stays as it is.
    package static func absolute(_ address: String) -> String {
        guard !OpenStore.isRemote(address) else { return address }
        let path = address.hasPrefix("file://") ? String(address.dropFirst(7)) : address
        guard !path.hasPrefix("/"), let current = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(current) }
        return path == "." ? unsafe String(cString: current) : "\(unsafe String(cString: current))/\(path)"
    }

    /// A path with every link in it followed: what the operator named, he named.
    package static func resolved(_ path: String) -> String {
        guard let real = unsafe realpath(path, nil) else { return absolute(path) }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// A publisher to a store.
    ///
    /// - Parameter address: A folder's path, or what `OpenStore` takes.
    /// - Returns: A publisher; nothing has been asked of the store yet.
    /// - Throws: `invalid` with what the address should look like.
    package func publisher(_ address: String) throws(StorageError) -> Publisher {
        try OpenStore.refuseSlip(in: address)
        let store = try OpenStore.open(PublishingSession.absolute(address), environment: environment) { trouble in
            StandardError.note(trouble)
        }
        return Publisher(to: store, files: SystemFiles(), context: context)
    }

    private var context: Publisher.Context {
        let by =
            "\(environment["USER"] ?? environment["LOGNAME"] ?? PublishingSession.userName)@\(PublishingSession.hostname)"
        return Publisher.Context(
            now: { Int64(time(nil)) },
            by: by,
            token: {
                var random = SystemRandomNumberGenerator()
                return String(random.next(), radix: 16) + String(random.next(), radix: 16)
            },
            scratch: scratch
        )
    }

    /// What the system calls whoever runs the process; `uid 1000` where it has no name for them.
    private static var userName: String {
        var room = [CChar](repeating: 0, count: 4096)
        let name: String? = unsafe room.withUnsafeMutableBufferPointer { room in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            // The name lies in the room.
            guard let base = room.baseAddress,
                unsafe getpwuid_r(getuid(), &entry, base, room.count, &found) == 0, unsafe found != nil,
                let name = unsafe entry.pw_name
            else { return nil }
            return unsafe String(cString: name)
        }
        return name ?? "uid \(getuid())"
    }

    private static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
