internal import NIOCore

/// The head of a frame: nine bytes (RFC 9113 §4.1).
struct HTTP2FrameHead {
    /// Bytes of a head.
    static let byteCount = 9

    /// The types that there are.
    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case priority = 2
        case reset = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    /// The flags that mean something; which of them do depends on the type.
    enum Flag {
        static let acknowledgement: UInt8 = 0x1
        static let endStream: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    /// Bytes of the payload.
    var length: Int
    /// `nil` for a type that nobody knows.
    var kind: Kind?
    var flags: UInt8
    var stream: Int

    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// Reads a head in front of a buffer, which keeps it; `nil` when there are fewer than nine bytes.
    init?(at bytes: ByteBuffer) {
        let start = bytes.readerIndex
        guard bytes.readableBytes >= HTTP2FrameHead.byteCount,
            let word = bytes.getInteger(at: start, as: UInt64.self),
            let last = bytes.getInteger(at: start + 8, as: UInt8.self)
        else { return nil }
        self.length = Int(word >> 40)
        self.kind = Kind(rawValue: UInt8(truncatingIfNeeded: word >> 32))
        self.flags = UInt8(truncatingIfNeeded: word >> 24)
        // The topmost bit is reserved and means nothing.
        self.stream = Int((word & 0x7f_ffff) << 8 | UInt64(last))
    }
}

extension ByteBuffer {
    /// Writes the head of a frame.
    mutating func writeHead(_ kind: HTTP2FrameHead.Kind, flags: UInt8 = 0, stream: Int, length: Int) {
        let word = UInt64(length) << 40 | UInt64(kind.rawValue) << 32 | UInt64(flags) << 24 | UInt64(stream >> 8)
        writeMultipleIntegers(word, UInt8(truncatingIfNeeded: stream))
    }
}
