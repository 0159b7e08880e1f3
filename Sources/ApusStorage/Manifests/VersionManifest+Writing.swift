internal import ApusCore
internal import ApusProtocol

extension VersionManifest {
    /// The form of manifests that this Apus writes and reads.
    static let format: Int64 = 1
    /// The most bytes of one file: 64 TiB, so that the sum of all can't overflow.
    static let maxFileBytes = 1 << 46

    /// The manifest's text without a signature, checked like one that is read.
    ///
    /// - Throws: `invalid` when it couldn't be read again, `tooLarge` beyond `maxBytes`.
    package func text() throws(StorageError) -> [UInt8] {
        do throws(StorageError) {
            try check(place: "the manifest of \(model)/\(version)")
        } catch {
            throw StorageError(.invalid, error.message)
        }
        let text = ReadableJSON.text(of: members)
        guard text.count + ManifestSignature.maxMemberBytes <= VersionManifest.maxBytes else {
            let limit = VersionManifest.maxBytes
            throw StorageError(.tooLarge, "the manifest of \(model)/\(version) has more than \(limit) bytes")
        }
        return text
    }

    private var members: [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("format", .integer(VersionManifest.format)),
            .init("model", .string(model.description)),
            .init("version", .integer(version.number)),
            .init("created", .integer(created)),
            .init("framework", .string(framework)),
        ]
        if let parent { members.append(.init("parent", .integer(parent.number))) }
        members.append(.init("files", .array(files.map(\.value))))
        members.append(.init("inputs", .array(inputs)))
        members.append(.init("outputs", .array(outputs)))
        members.append(.init("metrics", .object(metrics.map { .init($0.name, .real($0.value)) })))
        members.append(.init("metadata", .object(metadata)))
        return members
    }
}

extension VersionManifest.File {
    fileprivate var value: JSONValue {
        var members: [JSONValue.Member] = [
            .init("path", .string(path)),
            .init("size", .integer(Int64(byteCount))),
            .init("digest", .string(digest.description)),
        ]
        if let encryption {
            members.append(
                .init(
                    "encryption",
                    .object([
                        .init("key", .string(encryption.keyID)),
                        .init("plain_size", .integer(Int64(encryption.plainByteCount))),
                    ])
                )
            )
        }
        return .object(members)
    }
}
