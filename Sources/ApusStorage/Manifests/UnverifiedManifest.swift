/// A manifest that is well-formed, but about which nobody has said yet whether its writer is trusted.
package struct UnverifiedManifest: Sendable {
    /// What it says: fit to be shown, not to be loaded.
    package let contents: VersionManifest
    /// Where it lay, for messages: `iris/3/apus-manifest.json`.
    package let place: String
    /// The digest of its bytes: which edition of the version this is.
    package let digest: SHA256Digest
    /// Its signature; `nil` when it has none.
    package let signature: ManifestSignature?
    /// The bytes that the signature is over; all of them when it has none.
    let signedBytes: [UInt8]
}
