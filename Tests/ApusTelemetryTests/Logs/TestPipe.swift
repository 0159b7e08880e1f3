import Glibc

/// A pipe, or a pair of sockets, whose reading end the test holds.
final class TestPipe {
    /// Thrown when the system has no descriptors left.
    struct Unavailable: Error {}

    /// Where a destination writes.
    let writeEnd: Int32
    private var readEnd: Int32

    /// Opens a pipe, or a socket pair.
    init(isSocket: Bool = false) throws {
        var ends: [Int32] = [0, 0]
        let result = isSocket ? unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) : unsafe pipe(&ends)
        guard result == 0 else { throw Unavailable() }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        closeReader()
        close(writeEnd)
    }

    /// Ends the reader, as a crashed log collector would.
    func closeReader() {
        guard readEnd >= 0 else { return }
        close(readEnd)
        readEnd = -1
    }

    /// Takes all that is in the pipe now.
    func read() -> [UInt8] {
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(readEnd, $0.baseAddress, $0.count) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// The lines in the pipe now, without their breaks.
    func readLines() -> [String] {
        String(decoding: read(), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
