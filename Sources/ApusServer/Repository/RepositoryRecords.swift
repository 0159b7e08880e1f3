internal import ApusCore
internal import ApusModels
internal import ApusProtocol
internal import ApusStorage
internal import NIOPosix

/// Says what versions consist of and where they come from, as the last look at the source found them.
struct RepositoryRecords: VersionRecords {
    let repository: ModelRepository
    /// What is served, in which state.
    let index: @Sendable () -> [RepositoryIndexEntry]

    func document(of version: ModelSelector) async throws(InferenceError) -> [UInt8] {
        guard let listing = repository.lastListing else {
            throw InferenceError(.unavailable, "the model repository hasn't been looked at yet; ask again soon")
        }
        guard let folder = listing.models.first(where: { $0.name == version.name }) else {
            throw .unknownVersion(version, reason: "'\(repository.location)' has no model of this name")
        }
        guard case .exact(let number) = version.version, let found = folder.folder(of: number) else {
            let known = folder.versions.map(\.version.description).joined(separator: ", ")
            throw .unknownVersion(
                version,
                reason: "'\(repository.location)' has no such version",
                hint: "versions of it: \(known)"
            )
        }
        let metadata = await blockingMetadata(of: found, in: folder)
        return write(found, of: version.name, metadata: metadata)
    }

    /// What a script has written beside the model: `metadata.json`, an object; `nil` when there's none.
    private func blockingMetadata(of version: VersionFolder, in folder: ModelFolder) async -> String? {
        guard version.manifest == nil, version.entries.contains(where: { $0.name == "metadata.json" && $0.isFile }),
            let path = version.path.appending("metadata.json")
        else { return nil }
        let bytes = try? await NIOThreadPool.singleton.runIfActive {
            try folder.storage.contents(of: path, byteLimit: 1 << 20)
        }
        guard let bytes, (try? JSONValue.parse(bytes)) != nil else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(_ version: VersionFolder, of name: ModelName, metadata: String?) -> [UInt8] {
        let state = index().first { $0.name == name.description && $0.version == version.version }?.state
        var text = JSONText()
        text.object { text in
            text.member("name", name.description)
            text.member("version", version.version.description)
            text.member("state", state?.rawValue ?? "UNAVAILABLE")
            text.member("source", "\(repository.location)/\(version.path)")
            if let fault = version.fault { text.member("reason", fault.message) }
            if let metadata {
                text.key("metadata")
                text.raw(metadata)
            }
            guard let manifest = version.manifest else {
                text.key("files")
                text.array { array in
                    for entry in version.entries where entry.isFile {
                        array.object { $0.member("path", entry.name) }
                    }
                }
                return
            }
            text.member("manifest_digest", manifest.digest.description)
            text.key("manifest")
            text.raw(String(decoding: (try? manifest.content.text()) ?? Array("null".utf8), as: UTF8.self))
        }
        return text.bytes
    }
}
