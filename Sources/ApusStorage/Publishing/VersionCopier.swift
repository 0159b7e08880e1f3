internal import ApusCore

/// Puts versions that are published somewhere into a store: claim, files, all of them verified there, manifest.
///
/// What came in an earlier run that was cut is kept: the claim names the manifest that is being copied, so the next run
/// knows its own.
struct VersionCopier: Sendable {
    /// Publishes to the store that is copied to.
    let target: Publisher

    /// How a copy ended.
    enum Outcome: Sendable {
        /// The same manifest was there already.
        case wasThere
        /// It is there now, after so many files had to be written.
        case copied(fileCount: Int, byteCount: Int)
        /// The same manifest was there, and files of it weren't what it says; they are now.
        case mended(fileCount: Int, byteCount: Int)
    }

    /// Copies one version.
    ///
    /// - Parameters:
    ///   - version: Which one.
    ///   - text: Its manifest's bytes.
    ///   - manifest: What they say.
    ///   - checksAll: Whether the files of a version that is there are read; otherwise their sizes are compared.
    ///   - upload: Writes one of its files to a key, in the place of what is there.
    /// - Returns: What had to be done.
    /// - Throws: `conditionFailed` when the version is there with another manifest, or is being pushed; `damaged` when a
    ///   file isn't what the manifest says, also after it was written anew.
    func copy(
        _ version: ModelID,
        text: [UInt8],
        manifest: VersionManifest,
        checksAll: Bool = false,
        upload: (VersionManifest.File, ObjectKey) throws(StorageError) -> Void
    ) throws(StorageError) -> Outcome {
        let token = "copy of \(SHA256Digest(of: text))"
        if try isThere(version, text) {
            // An earlier run may have been cut before it took its claim away.
            if try PushClaim.read(of: version, in: target.store)?.token == token {
                try target.store.remove(VersionManifest.claimKey(of: version))
            }
            let written = try write(manifest, of: version, upload) { file throws(StorageError) in
                try checksAll ? isRight(file, of: version) : hasSize(file, of: version)
            }
            return written.files == 0 ? .wasThere : .mended(fileCount: written.files, byteCount: written.bytes)
        }
        let claim = PushClaim(by: target.context.by, time: target.context.now(), token: token)
        guard try claim.place(on: version, in: target.store) else {
            throw StorageError(
                .conditionFailed,
                "\(version) is being pushed to \(target.store.location) by somebody else, or a push of it died: "
                    + "'apus gc' clears that up"
            )
        }
        // Somebody else may have been through with it before the claim was made.
        if try isThere(version, text) {
            try target.store.remove(VersionManifest.claimKey(of: version))
            return .wasThere
        }
        let written = try write(manifest, of: version, upload) { file throws(StorageError) in
            try isRight(file, of: version)
        }
        try target.writeManifest(text, of: version)
        try target.store.remove(VersionManifest.claimKey(of: version))
        return .copied(fileCount: written.files, byteCount: written.bytes)
    }

    /// Writes the files that aren't there as they should be, and checks them then.
    private func write(
        _ manifest: VersionManifest,
        of version: ModelID,
        _ upload: (VersionManifest.File, ObjectKey) throws(StorageError) -> Void,
        unless isThere: (VersionManifest.File) throws(StorageError) -> Bool
    ) throws(StorageError) -> (files: Int, bytes: Int) {
        var written = (files: 0, bytes: 0)
        for file in manifest.files where try !isThere(file) {
            guard let key = ObjectKey("\(version)/\(file.path)") else { continue }
            try upload(file, key)
            try verify(file, of: version)
            written = (written.files + 1, written.bytes + file.byteCount)
        }
        return written
    }

    /// Whether a file is there and as long as it should be.
    private func hasSize(_ file: VersionManifest.File, of version: ModelID) throws(StorageError) -> Bool {
        guard let key = ObjectKey("\(version)/\(file.path)") else { return true }
        return try target.store.describe(key)?.byteCount == file.byteCount
    }

    /// Whether the version is published there already.
    ///
    /// - Throws: `conditionFailed` when it is another one.
    func isThere(_ version: ModelID, _ text: [UInt8]) throws(StorageError) -> Bool {
        let key = VersionManifest.key(of: version)
        guard case .bytes(let there, _) = try target.store.read(key, byteLimit: VersionManifest.maxBytes, unless: nil)
        else { return false }
        guard there == text else {
            throw StorageError(
                .conditionFailed,
                "\(version) is published in \(target.store.location) with another manifest (\(SHA256Digest(of: there)) "
                    + "instead of \(SHA256Digest(of: text))), and a version never changes: remove one of them"
            )
        }
        return true
    }

    private func isRight(_ file: VersionManifest.File, of version: ModelID) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try verify(file, of: version)
            return true
        } catch {
            guard error.code == .damaged else { throw error }
            return false
        }
    }

    private func verify(_ file: VersionManifest.File, of version: ModelID) throws(StorageError) {
        try target.withFetched(try target.listed(file, of: version)) { bytes, _ throws(StorageError) in
            try target.check(bytes, is: file, of: version)
        }
    }
}
