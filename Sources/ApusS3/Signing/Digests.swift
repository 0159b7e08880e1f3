internal import Crypto
internal import FoundationEssentials

/// The digests that S3 wants to see, in its spellings.
enum Digests {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Hexadecimal digits in lower case.
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Base64 with padding.
    static func base64(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The SHA-256 of bytes in hexadecimal digits.
    static func sha256Hex(_ bytes: some Sequence<UInt8>) -> String {
        hex(SHA256.hash(data: Array(bytes)))
    }

    /// The SHA-256 of bytes.
    static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hasher = SHA256()
        unsafe hasher.update(bufferPointer: bytes)
        return Array(hasher.finalize())
    }

    /// The MD5 of bytes: S3's `Content-MD5` and entity tags, a checksum and no protection.
    static func md5(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hasher = Insecure.MD5()
        unsafe hasher.update(bufferPointer: bytes)
        return Array(hasher.finalize())
    }
}
