internal import Glibc

extension Descriptor {
    /// Reads a file to its end.
    ///
    /// - Parameters:
    ///   - byteCount: The size that the system reported.
    ///   - limit: The most bytes.
    /// - Returns: All of it.
    /// - Throws: The system's error; `EFBIG` when the file grew beyond the limit while it was read.
    func readAll(expecting byteCount: Int, limit: Int) throws(Errno) -> [UInt8] {
        // One byte more than expected, so that the end shows in the first round.
        var bytes = [UInt8](repeating: 0, count: byteCount + 1)
        var filled = 0
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(number, buffer.baseAddress! + filled, buffer.count - filled)
            }
            if count < 0 {
                guard errno == EINTR else { throw Errno.last }
            } else if count == 0 {
                bytes.removeLast(bytes.count - filled)
                return bytes
            } else {
                filled += count
                guard filled <= limit else { throw Errno(EFBIG) }
                if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: 4096)) }
            }
        }
    }
}
