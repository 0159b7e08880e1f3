import ApusStorage
import Glibc

extension TemporaryFolder {
    /// Writes a file, with the folders on its way, and gives its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let files = SystemFiles()
        for index in name.indices where name[index] == "/" { try files.makeFolder("\(path)/\(name[..<index])") }
        let file = try files.open("\(path)/\(name)", .either)
        try file.truncate(to: 0)
        try file.write(bytes)
        return "\(path)/\(name)"
    }
}

extension TemporaryFolder {
    /// Makes a symbolic link.
    func link(_ name: String, to target: String) throws {
        guard unsafe symlink(target, "\(path)/\(name)") == 0 else { throw StorageError(.system, "no link") }
    }
}

extension TemporaryFolder {
    /// Runs a line of shell in the folder; a test's own fault when it fails.
    func shell(_ line: String) throws {
        let status = unsafe system("cd '\(path)' && { \(line); }")
        guard status == 0 else { throw StorageError(.system, "'\(line)' ended with \(status)") }
    }
}
