import CLinux
import Glibc

/// A folder for one test; gone with everything in it when the test lets it go.
final class TemporaryFolder: Sendable {
    /// Its absolute path.
    let path: String

    /// Makes an empty folder.
    ///
    /// - Parameter name: Its name, inside a fresh folder of its own.
    init(named name: String = "models") {
        var template = Array("/tmp/apus-models-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template)
        precondition(unsafe made != nil, "no temporary folder")
        self.parent = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.path = "\(parent)/\(name)"
        // Somebody else must be able to reach what is open to everybody.
        precondition(unsafe chmod(parent, 0o755) == 0)
        precondition(unsafe mkdir(path, 0o755) == 0)
    }

    private let parent: String

    /// Makes a folder, with those above it.
    func makeFolder(_ relativePath: String) {
        var partial = path
        for component in relativePath.split(separator: "/") {
            partial += "/\(component)"
            _ = unsafe mkdir(partial, 0o755)
        }
    }

    /// Writes a file, with the folders above it.
    func write(_ relativePath: String, _ text: String = "model") {
        makeFolder(relativePath.split(separator: "/").dropLast().joined(separator: "/"))
        let descriptor = unsafe open("\(path)/\(relativePath)", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o644)
        precondition(descriptor >= 0)
        let bytes = Array(text.utf8)
        precondition(unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        _ = close(descriptor)
    }

    /// Makes a symbolic link.
    func link(_ relativePath: String, to target: String) {
        makeFolder(relativePath.split(separator: "/").dropLast().joined(separator: "/"))
        precondition(unsafe symlink(target, "\(path)/\(relativePath)") == 0)
    }

    /// Changes a file's or folder's permissions.
    func setPermissions(_ relativePath: String, _ mode: mode_t) {
        precondition(unsafe chmod("\(path)/\(relativePath)", mode) == 0)
    }

    /// Removes a file, a link, or a folder with what is in it.
    private static func remove(_ path: String) {
        guard unsafe unlink(path) != 0 else { return }
        if let stream = unsafe opendir(path) {
            while let entry = unsafe readdir(stream) {
                let name = unsafe String(cString: CLinux_entryName(entry))
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            unsafe closedir(stream)
        }
        _ = unsafe rmdir(path)
    }

    deinit {
        TemporaryFolder.remove(parent)
    }
}

/// Runs a body with the file rights of nobody, when the tests run as root: root may read everything.
func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard geteuid() == 0 else { return try body() }
    // The rights for files belong to the calling thread on Linux, so other tests don't notice.
    _ = setFileUser(65_534)
    defer { _ = setFileUser(0) }
    return try body()
}

/// `setfsuid`, which Glibc's module hides.
@_silgen_name("setfsuid")
private func setFileUser(_ user: UInt32) -> Int32
