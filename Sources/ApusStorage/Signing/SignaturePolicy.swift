/// The public keys of the publishers who are trusted.
package struct TrustedKeys: Sendable, Equatable {
    /// The keys by id.
    private let keys: [String: VerifyingKey]

    /// Trusts these keys.
    package init(_ keys: [VerifyingKey] = []) {
        self.keys = Dictionary(keys.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Their ids, sorted.
    package var ids: [String] { keys.keys.sorted() }

    /// Whether nobody is trusted.
    package var isEmpty: Bool { keys.isEmpty }

    /// Reads PEM files: each path is a file, or a folder all of whose files that end with `.pem` or `.pub` count.
    ///
    /// - Throws: `notFound`, `invalid` with the file's name; also for a folder without a key.
    package init(paths: [String]) throws(StorageError) {
        var keys: [VerifyingKey] = []
        for path in paths {
            let files = try KeyFile.files(at: path)
            guard !files.isEmpty else {
                throw StorageError(.invalid, "folder '\(path)' holds no public key: files end with .pem or .pub")
            }
            for file in files { keys += try VerifyingKey.keys(pem: KeyFile.contents(of: file), name: file) }
        }
        self.init(keys)
    }

    subscript(id: String) -> VerifyingKey? { keys[id] }
}

/// What a manifest must prove before its version is used.
package struct SignaturePolicy: Sendable, Equatable {
    /// Whether a signature must be there.
    package enum Demand: Sendable {
        /// It needn't. One that is there is checked where keys are trusted, and then has to be of one of them.
        case none
        /// A signature of a trusted key must be there.
        case required
    }

    /// Whether a signature must be there.
    package let demand: Demand
    /// Whose signatures count.
    package let trusted: TrustedKeys

    /// Everything passes.
    package static let open = SignaturePolicy(.none, trusted: TrustedKeys())

    /// Sets up a policy.
    package init(_ demand: Demand, trusted: TrustedKeys) {
        self.demand = demand
        self.trusted = trusted
    }

    /// Checks who wrote a manifest.
    ///
    /// - Throws: `untrusted` with the manifest's place, what was expected and what came.
    package func verify(_ manifest: UnverifiedManifest) throws(StorageError) -> VersionManifest {
        guard let signature = manifest.signature else {
            guard demand == .none else {
                throw refusal(manifest, "has no signature", "publish it with 'apus push --sign KEYFILE'")
            }
            return manifest.contents
        }
        guard demand == .required || !trusted.isEmpty else { return manifest.contents }
        guard let key = trusted[signature.keyID] else {
            throw refusal(
                manifest,
                "is signed with key \(signature.keyID), which isn't trusted",
                "add its public key to the trusted ones, or publish the version again"
            )
        }
        guard key.isValid(signature, over: manifest.signedBytes) else {
            throw refusal(
                manifest,
                "has a signature of key \(signature.keyID) that doesn't fit its bytes",
                "it was changed after it was signed: publish the version again"
            )
        }
        return manifest.contents
    }

    private func refusal(_ manifest: UnverifiedManifest, _ what: String, _ advice: String) -> StorageError {
        let expected = trusted.isEmpty ? "none is trusted" : trusted.ids.joined(separator: ", ")
        return StorageError(
            .untrusted,
            "\(manifest.place) \(what); a signature of a trusted key was expected (\(expected)): \(advice)"
        )
    }
}
