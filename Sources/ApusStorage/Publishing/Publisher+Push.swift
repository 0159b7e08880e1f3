package import ApusCore

extension Publisher {
    /// What came of a push.
    package struct Pushed: Sendable {
        /// The version.
        package let version: ModelID
        /// Its manifest's digest.
        package let digest: SHA256Digest
        /// Its manifest.
        package let manifest: VersionManifest
    }

    /// Publishes a version: claims a number, uploads the files, writes the manifest, moves the label.
    ///
    /// Until the manifest is there nobody loads the version; once it is, nothing of it changes any more. A push that dies
    /// before leaves a claim, which `collectGarbage` takes away.
    /// - Throws: `conditionFailed` when the number that was asked for is taken, `invalid` for what can't be published, or
    ///   why the store can't be written; in the message, whether the version has been published.
    package func push(_ request: PushRequest) throws(StorageError) -> Pushed {
        let prepared = try prepare(request)
        defer { for file in prepared { file.discard(on: files) } }
        try check(request, prepared)
        let claim = PushClaim(by: context.by, time: context.now(), token: context.token())
        let version = try claimNumber(for: request, claim)
        let pushed: Pushed
        var uploads = Uploads()
        do throws(StorageError) {
            pushed = try publish(request, prepared, as: version, claim, &uploads)
        } catch {
            abandon(version, uploads, claim)
            throw error
        }
        do throws(StorageError) {
            try store.remove(VersionManifest.claimKey(of: version))
            if let label = request.label { try promote(version, to: label) }
        } catch {
            let rest = request.label.map {
                ": move the label with 'apus promote \(version.name) \($0) \(version.version)'"
            }
            throw StorageError(
                error.code,
                "\(version) is published, but then: \(error.message)\(rest ?? "")",
                cause: error
            )
        }
        return pushed
    }

    /// The number that the next version of a model will have: one more than any that was ever seen.
    func nextNumber(of model: ModelName) throws(StorageError) -> Int64 {
        let contents = try RepositoryContents(of: store, model: model)
        let listed = contents.models[model]?.versions.keys.map(\.number).max() ?? 0
        return max(listed, try store.labels(of: model).pointer.highestNumber) + 1
    }

    /// Claims the number that was asked for, or the first one that nobody else claims.
    private func claimNumber(for request: PushRequest, _ claim: PushClaim) throws(StorageError) -> ModelID {
        var number: Int64 =
            if let asked = request.version { asked.number } else { try nextNumber(of: request.model) }
        for _ in 0..<Publisher.maxAttempts {
            guard let version = ModelVersion(number) else { break }
            let id = ModelID(name: request.model, version: version)
            if try claim.place(on: id, in: store) {
                // Whoever had the number before may be through already: their claim is gone, their manifest isn't. And
                // others copy versions by hand, without a claim.
                guard let other = try otherObject(of: id) else { return id }
                try store.remove(VersionManifest.claimKey(of: id))
                guard request.version == nil else { throw try taken(id, by: other) }
            }
            guard request.version == nil else { throw try taken(id) }
            number = number == Int64.max ? 0 : max(number + 1, try nextNumber(of: request.model))
        }
        throw StorageError(
            .conditionFailed,
            "no number could be had for a new version of \(request.model): others took \(Publisher.maxAttempts) in a row"
        )
    }

    /// What lies in a version's folder besides its claim, the manifest first; `nil` for nothing.
    private func otherObject(of version: ModelID) throws(StorageError) -> ObjectKey? {
        let keys = try store.list("\(version)/", limit: RepositoryContents.maxObjects).map(\.key)
        let manifest = VersionManifest.key(of: version)
        return keys.contains(manifest) ? manifest : keys.first { $0 != VersionManifest.claimKey(of: version) }
    }

    private func taken(_ version: ModelID, by other: ObjectKey? = nil) throws(StorageError) -> StorageError {
        let next = try nextNumber(of: version.name)
        if try store.describe(VersionManifest.key(of: version)) != nil {
            return StorageError(
                .conditionFailed,
                "\(version) is published already, and a version never changes: push without --as-version, or as \(next)"
            )
        }
        if let other {
            return StorageError(
                .conditionFailed,
                "\(version) holds files that were not pushed ('\(other)'): push without --as-version, or as \(next)"
            )
        }
        let by = try PushClaim.read(of: version, in: store)?.by ?? "somebody"
        return StorageError(
            .conditionFailed,
            "\(version) is being pushed by \(by), or a push of it died ('apus gc' clears that up): "
                + "push without --as-version, or as \(next)"
        )
    }

    /// What a push has put into a version's folder.
    private struct Uploads {
        /// What it has written.
        var written: [ObjectKey] = []
        /// What it may have written: the store's answer isn't there, or was that there is one already.
        var doubtful: (key: ObjectKey, file: PreparedFile)?
    }

    /// Uploads the files and writes the manifest.
    private func publish(
        _ request: PushRequest,
        _ prepared: [PreparedFile],
        as version: ModelID,
        _ claim: PushClaim,
        _ uploads: inout Uploads
    ) throws(StorageError) -> Pushed {
        for file in prepared {
            guard let key = ObjectKey("\(version)/\(file.listed.path)") else {
                throw StorageError(.invalid, "'\(version)/\(file.listed.path)' is too long for a key")
            }
            uploads.doubtful = (key, file)
            try upload(file, to: key)
            uploads.doubtful = nil
            uploads.written.append(key)
            guard try files.status(of: file.path) == file.status else {
                throw StorageError(.changed, "'\(file.path)' was changed while it was pushed: push again")
            }
        }
        // Nobody may have given the number to another one meanwhile.
        guard try PushClaim.read(of: version, in: store)?.token == claim.token else {
            throw StorageError(
                .conditionFailed,
                "the claim on \(version) was taken away while it was pushed ('apus gc' does so after a while): push again"
            )
        }
        let manifest = self.manifest(of: request, prepared, version)
        let text = try manifest.text(signedWith: request.signingKey)
        try writeManifest(text, of: version)
        return Pushed(version: version, digest: SHA256Digest(of: text), manifest: manifest)
    }

    /// Writes a manifest where there is none.
    func writeManifest(_ text: [UInt8], of version: ModelID) throws(StorageError) {
        let key = VersionManifest.key(of: version)
        do throws(StorageError) {
            try store.write(text, to: key, if: .absent)
        } catch {
            guard error.code == .conditionFailed else { throw error }
            // The answer to an earlier try may have got lost.
            guard case .bytes(let there, _) = try store.read(key, byteLimit: VersionManifest.maxBytes, unless: nil),
                there == text
            else {
                throw StorageError(.conditionFailed, "somebody else has published \(version) meanwhile: push again")
            }
        }
    }

    private func upload(_ file: PreparedFile, to key: ObjectKey) throws(StorageError) {
        let open = try files.openForReading(file.path)
        // Nothing is overwritten, so that files of two pushers can't mix even when a claim is lost.
        let condition = store.abilities.checksConditions ? WriteCondition.absent : .always
        do throws(StorageError) {
            try store.upload(open, byteCount: file.listed.byteCount, to: key, if: condition)
        } catch {
            guard error.code == .conditionFailed else { throw error }
            guard try holds(key, file) else {
                throw StorageError(
                    .conditionFailed,
                    "\(key) is there already, with other bytes, since the push began: somebody else writes there; push again"
                )
            }
        }
    }

    /// Whether an object has a file's bytes.
    private func holds(_ key: ObjectKey, _ file: PreparedFile) throws(StorageError) -> Bool {
        guard let there = try store.describe(key), there.byteCount == file.listed.byteCount else { return false }
        return try digest(of: there) == file.listed.digest
    }

    /// Takes away what a push that failed has put there, and nothing else, as far as that goes; the claim last.
    private func abandon(_ version: ModelID, _ uploads: Uploads, _ claim: PushClaim) {
        do throws(StorageError) {
            guard try PushClaim.read(of: version, in: store)?.token == claim.token,
                try store.describe(VersionManifest.key(of: version)) == nil
            else { return }
            for key in uploads.written { try store.remove(key) }
            if let (key, file) = uploads.doubtful, try holds(key, file) { try store.remove(key) }
            try store.remove(VersionManifest.claimKey(of: version))
        } catch {
            // The push's own failure is what counts; 'apus gc' finds the claim.
        }
    }
}
