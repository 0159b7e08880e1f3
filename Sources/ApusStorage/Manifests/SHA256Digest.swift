internal import Crypto

/// The SHA-256 of some bytes (FIPS 180-4).
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    /// 64 hexadecimal digits in lower case: all that ever becomes part of a path.
    package let hex: String

    /// How it is written in manifests: `sha256:` and 64 digits.
    package var description: String { "sha256:\(hex)" }

    /// Reads `sha256:` and 64 hexadecimal digits in lower case; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        let prefix = "sha256:"
        guard text.utf8.count == prefix.utf8.count + 64, text.hasPrefix(prefix) else { return nil }
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        let isHex = digits.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard isHex else { return nil }
        self.hex = String(decoding: Array(digits), as: UTF8.self)
    }

    /// Computes the digest of bytes.
    package init(of bytes: some Sequence<UInt8>) {
        var hasher = SHA256()
        unsafe Array(bytes).withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        self.init(hasher.finalize())
    }

    /// Takes a hash function's result.
    init(_ digest: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        self.hex = String(decoding: text, as: UTF8.self)
    }
}
