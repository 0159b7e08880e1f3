internal import ApusStorage
internal import Glibc

/// What a process finds around it that says how stores are reached: variables, and files that they name.
package struct Surroundings: Sendable {
    /// The variables.
    package let environment: [String: String]
    /// Reads a small file whole; `nil` when it isn't there or can't be read.
    package let readFile: @Sendable (_ path: String) -> [UInt8]?

    /// Brings variables and files together.
    package init(
        environment: [String: String],
        readFile: @escaping @Sendable (_ path: String) -> [UInt8]? = Surroundings.readSmallFile
    ) {
        self.environment = environment
        self.readFile = readFile
    }

    /// The most bytes of a file that is read.
    private static let maxBytes = 1 << 20

    /// Reads a file of at most a megabyte; larger ones count as unreadable.
    package static func readSmallFile(_ path: String) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
            guard count >= 0, content.count + count <= maxBytes else { return nil }
            if count == 0 { return content }
            content += buffer[..<count]
        }
    }
}
