internal import NIOCore

/// Bytes that go out in one request, with their digests.
struct Piece: Sendable {
    /// The bytes.
    let bytes: ByteBuffer
    private let sha256: [UInt8]
    private let md5: [UInt8]

    /// Computes the digests.
    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
        sha256 = unsafe bytes.withUnsafeReadableBytes { unsafe Digests.sha256($0) }
        md5 = unsafe bytes.withUnsafeReadableBytes { unsafe Digests.md5($0) }
    }

    /// The SHA-256 in hexadecimal digits.
    var sha256Hex: String { Digests.hex(sha256) }

    /// The MD5 in hexadecimal digits: the entity tag of an object that was written in one piece, unless it is encrypted.
    var md5Hex: String { Digests.hex(md5) }

    /// The MD5 itself.
    var md5Bytes: [UInt8] { md5 }

    /// The fields by which the server checks what came.
    func fields(withChecksum: Bool) -> [HTTPField] {
        var fields = [HTTPField(name: "content-md5", value: Digests.base64(md5))]
        if withChecksum {
            fields.append(HTTPField(name: "x-amz-checksum-sha256", value: Digests.base64(sha256)))
        }
        return fields
    }
}
