package import ApusCore
package import ApusStorage

/// What is asked of published versions before they are used, and what opens those that are encrypted.
package struct ManifestRules: Sendable {
    /// Whose signatures count, and whether one has to be there.
    package var policy: SignaturePolicy
    /// The keys of encrypted files.
    package var keys: DecryptionKeys
    /// Told of each manifest that has been verified; refuses those that may not be used.
    package var see: @Sendable (UnverifiedManifest) throws(StorageError) -> Void

    /// Everything passes that is whole; nothing is decrypted.
    package init() {
        self.policy = .open
        self.keys = .none
        self.see = { _ in }
    }

    /// Whether only what a trusted publisher has signed is used.
    var isStrict: Bool { policy.demand == .required }

    /// Reads and checks a version's manifest.
    ///
    /// - Throws: `untrusted` with the manifest's place and the reason.
    func manifest(
        _ bytes: [UInt8],
        of version: ModelID
    ) throws(ModelError) -> (content: VersionManifest, digest: SHA256Digest) {
        do throws(StorageError) {
            let unverified = try VersionManifest.read(bytes, expecting: version)
            let content = try policy.verify(unverified)
            try see(unverified)
            return (content, unverified.digest)
        } catch {
            throw ModelError(error)
        }
    }
}

extension ModelError {
    /// What a failure of a store or of a published version means for the model.
    package init(_ error: StorageError) {
        let code: Code =
            switch error.code {
            case .unreachable, .changed, .denied: .unreachable
            case .damaged, .untrusted, .undecryptable, .invalid, .unsupported: .untrusted
            default: .unreadable
            }
        self.init(code, error.message, cause: error)
    }
}
