package import ApusCore
internal import ApusProtocol

extension VersionManifest {
    /// The most values of a manifest's text: every file has seven.
    private static let maxValues = 200_000

    /// The manifest's key in a repository.
    package static func key(of version: ModelID) -> ObjectKey {
        key(of: version, filename)
    }

    /// The key of the claim that a pusher makes.
    package static func claimKey(of version: ModelID) -> ObjectKey {
        key(of: version, claimFilename)
    }

    /// Reads a manifest that lay where the one of this version belongs.
    ///
    /// Members that it doesn't know are passed over; everything that it knows is checked. Who wrote it, it doesn't check:
    /// `SignaturePolicy.verify` makes a `VersionManifest` of the result.
    ///
    /// - Throws: `damaged` with the manifest's place, the member, what was expected and what came; `unsupported` for a form
    ///   that only a later Apus reads.
    package static func read(_ bytes: [UInt8], expecting version: ModelID) throws(StorageError) -> UnverifiedManifest {
        let place = "\(version)/\(filename)"
        guard bytes.count <= maxBytes else {
            throw StorageError(.damaged, "\(place) has \(bytes.count) bytes; at most \(maxBytes) are read")
        }
        let document = try DocumentMembers(parsing: bytes, place: place, maxValues: maxValues)
        try checkFormat(document)
        let signed = try ManifestSignature.split(bytes, document)
        let manifest = try VersionManifest(document, expecting: version)
        try manifest.check(place: place)
        return UnverifiedManifest(
            contents: manifest,
            place: place,
            digest: SHA256Digest(of: bytes),
            signature: signed.signature,
            signedBytes: signed.bytes
        )
    }

    /// The checks that what is written and what is read have in common.
    func check(place: String) throws(StorageError) {
        guard !files.isEmpty, files.count <= VersionManifest.maxFiles else {
            let limit = VersionManifest.maxFiles
            throw StorageError(.damaged, "\(place) lists \(files.count) files; 1 to \(limit) were expected")
        }
        try checkPaths(place)
        for file in files { try file.check(place: place) }
        var names: Set<String> = []
        for metric in metrics {
            guard !metric.name.isEmpty, metric.value.isFinite, names.insert(metric.name).inserted else {
                let name = DocumentMembers.excerpt(metric.name)
                throw StorageError(.damaged, "\(place): metric '\(name)' should have one finite number")
            }
        }
        guard created >= 0 else { throw StorageError(.damaged, "\(place): 'created' is before 1970") }
    }

    private static func key(of version: ModelID, _ name: String) -> ObjectKey {
        // A model's name has at most 255 characters that are all legal.
        ObjectKey("\(version)/\(name)")!
    }

    private static func checkFormat(_ document: DocumentMembers) throws(StorageError) {
        let came = try document.integer("format", in: 1...Int64.max)
        guard came == format else {
            throw StorageError(
                .unsupported,
                "\(document.place) has format \(came); this Apus reads format \(format): take a later Apus"
            )
        }
    }

    private init(_ document: DocumentMembers, expecting version: ModelID) throws(StorageError) {
        let name = try document.text("model")
        guard name == version.name.description else { throw document.fault("model", "'\(version.name)'") }
        let number = version.version.number
        guard try document.integer("version", in: 1...Int64.max) == number else {
            throw document.fault("version", "\(number)")
        }
        var files: [File] = []
        for (index, element) in try document.elements("files").enumerated() {
            files.append(try File(DocumentMembers(element, place: "\(document.place), files[\(index)]")))
        }
        self.init(
            model: version.name,
            version: version.version,
            created: try document.integer("created", in: 0...Int64.max),
            files: files
        )
        guard self.files == files else {
            throw StorageError(.damaged, "\(document.place): 'files' should be sorted by path")
        }
        self.framework = try document.text("framework", orElse: "")
        if document["parent"] != nil { self.parent = ModelVersion(try document.integer("parent", in: 1...Int64.max)) }
        self.inputs = try document.elements("inputs")
        self.outputs = try document.elements("outputs")
        self.metadata = try document.object("metadata").members
        let metrics = try document.object("metrics")
        for member in metrics.members {
            guard let value = member.value.number else { throw metrics.fault(member.key, "a number") }
            self.metrics.append(Metric(name: member.key, value: value))
        }
    }

    /// Refuses paths that lead out, come twice, or are a file and a folder at once.
    private func checkPaths(_ place: String) throws(StorageError) {
        var paths: Set<String> = []
        for file in files {
            let shown = DocumentMembers.excerpt(file.path)
            guard ObjectKey("\(model)/\(version)/\(file.path)") != nil else {
                throw StorageError(.damaged, "\(place): '\(shown)' can't be a file's path: it leads out or isn't legal")
            }
            guard file.path != VersionManifest.filename, file.path != VersionManifest.claimFilename else {
                throw StorageError(.damaged, "\(place): '\(shown)' can't be one of the version's files")
            }
            guard paths.insert(file.path).inserted else {
                throw StorageError(.damaged, "\(place): '\(shown)' comes twice")
            }
        }
        for file in files {
            for index in file.path.indices where file.path[index] == "/" && paths.contains(String(file.path[..<index]))
            {
                let shown = DocumentMembers.excerpt(String(file.path[..<index]))
                throw StorageError(.damaged, "\(place): '\(shown)' is a file and a folder at once")
            }
        }
    }
}

extension VersionManifest.File {
    fileprivate init(_ document: DocumentMembers) throws(StorageError) {
        let range = 0...Int64(VersionManifest.maxFileBytes)
        guard let digest = SHA256Digest(try document.text("digest")) else {
            throw document.fault("digest", "'sha256:' and 64 digits of 0-9 and a-f")
        }
        var encryption: VersionManifest.Encryption?
        if document["encryption"] != nil {
            let sealed = try document.object("encryption")
            let plain = Int(try sealed.integer("plain_size", in: range))
            encryption = VersionManifest.Encryption(keyID: try sealed.text("key"), plainByteCount: plain)
        }
        self.init(
            path: try document.text("path"),
            byteCount: Int(try document.integer("size", in: range)),
            digest: digest,
            encryption: encryption
        )
    }

    fileprivate func check(place: String) throws(StorageError) {
        guard (0...VersionManifest.maxFileBytes).contains(byteCount) else {
            throw StorageError(.damaged, "\(place): '\(path)' can't have \(byteCount) bytes")
        }
        guard let encryption else { return }
        guard KeyID(encryption.keyID) != nil else {
            throw StorageError(.damaged, "\(place): the key of '\(path)' should be \(KeyID.rule)")
        }
        let plain = encryption.plainByteCount
        guard (0...VersionManifest.maxFileBytes).contains(plain),
            FileCipher.sealedByteCount(ofPlain: plain) == byteCount
        else {
            throw StorageError(
                .damaged,
                "\(place): '\(path)' has \(byteCount) bytes, which isn't what \(plain) bytes take when they are encrypted"
            )
        }
    }
}

extension JSONValue {
    /// A number of any form; `nil` for anything else.
    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .unsigned(let number): Double(number)
        case .real(let number): number
        default: nil
        }
    }
}
