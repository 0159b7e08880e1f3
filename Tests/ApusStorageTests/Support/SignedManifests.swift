import ApusCore
import ApusStorage

/// The smallest manifest, and keys that openssl made.
enum SignedManifests {
    static let version = ModelID(name: ModelName("iris")!, version: ModelVersion(3)!)

    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIK4p/dLLWLrZsPWyEjphHUbfuh5znrnghD8wvq2iC/L3
        -----END PRIVATE KEY-----

        """

    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAnwBLDvEPRu771wWni7+1AynEMWeBeXCebDG83LPihYs=
        -----END PUBLIC KEY-----

        """

    /// What `sha256sum` says of the public key's last 32 bytes.
    static let keyID = "4d76bf44508bef27"

    /// What `openssl pkeyutl -sign -rawin` says of the manifest's text before its last member.
    static let signature =
        "Hd+wuXLfrqf9HgGFdRHEftk08btWpPHIAZoZBL+7AsNfqHF+FBC/Y930UUgfhgAY7CF0Ibc8CUb5kp2FBi6QBw=="

    static var manifest: VersionManifest {
        let file = VersionManifest.File(
            path: "model.onnx",
            byteCount: 2,
            digest: SHA256Digest(of: Array("model.onnx".utf8))
        )
        return VersionManifest(model: version.name, version: version.version, created: 1_795_300_000, files: [file])
    }

    static func signingKey() throws -> SigningKey {
        try SigningKey(pem: Array(privateKey.utf8), name: "key.pem")
    }

    static func trusted() throws -> TrustedKeys {
        TrustedKeys(try VerifyingKey.keys(pem: Array(publicKey.utf8), name: "key.pub"))
    }

    static func signedText() throws -> String {
        String(decoding: try manifest.text(signedWith: signingKey()), as: UTF8.self)
    }
}
