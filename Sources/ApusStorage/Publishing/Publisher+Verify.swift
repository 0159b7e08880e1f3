package import ApusCore

extension Publisher {
    /// Something that is wrong in a repository.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        /// Where: `iris/3`, or a key.
        package let place: String
        /// What.
        package let message: String

        /// Place and message, the place once.
        package var description: String { message.hasPrefix(place) ? message : "\(place): \(message)" }
    }

    /// What a verification came to.
    package struct Verification: Sendable {
        /// The versions that were looked at, and are published.
        package fileprivate(set) var versionCount = 0
        /// The files whose digests were computed.
        package fileprivate(set) var fileCount = 0
        /// The bytes that were read for that.
        package fileprivate(set) var byteCount = 0
        /// What is wrong.
        package fileprivate(set) var findings: [Finding] = []
        /// What isn't wrong, but worth knowing.
        package fileprivate(set) var remarks: [Finding] = []
    }

    /// Reads every published version of a store, or of one model, and compares it with its manifest.
    ///
    /// - Parameters:
    ///   - model: Which model; all when `nil`.
    ///   - policy: What the manifests must prove.
    /// - Returns: What is wrong; only a store that can't be read is an error.
    /// - Throws: Why the store can't be read.
    package func verify(
        _ model: ModelName? = nil,
        policy: SignaturePolicy = .open
    ) throws(StorageError) -> Verification {
        var result = Verification()
        let contents = try RepositoryContents(of: store, model: model)
        if let model, contents.models[model] == nil { throw try unknown(model) }
        for name in contents.names {
            guard let listed = contents.models[name] else { continue }
            for version in listed.versions.keys.sorted() {
                guard let objects = listed.versions[version] else { continue }
                try verify(ModelID(name: name, version: version), objects, policy, &result)
            }
            try Publisher.collect(&result, LabelPointer.key(of: name).description) { () throws(StorageError) in
                let pointer = try store.labels(of: name).pointer
                for (label, version) in pointer.versions.sorted(by: { $0.key < $1.key }) {
                    guard listed.versions[version]?.manifest == nil else { continue }
                    let message = "label '\(label)' points to version \(version), which isn't published"
                    throw StorageError(.damaged, message)
                }
            }
        }
        return result
    }

    private func verify(
        _ version: ModelID,
        _ listed: RepositoryContents.Version,
        _ policy: SignaturePolicy,
        _ result: inout Verification
    ) throws(StorageError) {
        guard listed.manifest != nil else {
            let message =
                listed.claim == nil
                ? "has no manifest: its files can't be verified; publish it with 'apus push'"
                : "is being pushed, or a push of it died: 'apus gc' clears that up"
            result.remarks.append(Finding(place: version.description, message: message))
            return
        }
        result.versionCount += 1
        var manifest: VersionManifest?
        try Publisher.collect(&result, VersionManifest.key(of: version).description) { () throws(StorageError) in
            manifest = try (try store.manifest(of: version)?.read).map { read throws(StorageError) in
                try policy.verify(read)
            }
        }
        for file in manifest?.files ?? [] {
            let isRight = try Publisher.collect(&result, "\(version)/\(file.path)") { () throws(StorageError) in
                try withFetched(try self.listed(file, of: version)) { bytes, _ throws(StorageError) in
                    try check(bytes, is: file, of: version)
                }
            }
            guard isRight else { continue }
            result.fileCount += 1
            result.byteCount += file.byteCount
        }
    }

    /// Runs a check and makes a finding of what it throws, unless the store couldn't be read.
    @discardableResult
    private static func collect(
        _ result: inout Verification,
        _ place: String,
        _ check: () throws(StorageError) -> Void
    ) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try check()
            return true
        } catch {
            guard [.damaged, .unsupported, .untrusted, .tooLarge].contains(error.code) else { throw error }
            result.findings.append(Finding(place: place, message: error.message))
            return false
        }
    }
}
