package import ApusCore
package import ApusProtocol

/// What a published version consists of: `<model>/<version>/apus-manifest.json`, written last.
package struct VersionManifest: Sendable, Equatable {
    /// The manifest's name in the version's folder.
    package static let filename = "apus-manifest.json"
    /// The name of the claim that a pusher makes before it uploads.
    package static let claimFilename = "apus-push.json"
    /// The most bytes of a manifest.
    package static let maxBytes = 4 << 20
    /// The most files of a version.
    package static let maxFiles = 10_000

    /// One file of the version.
    package struct File: Sendable, Hashable {
        /// Where it lies in the version's folder; an `ObjectKey` by its spelling.
        package let path: String
        /// Its size as stored, in bytes.
        package let byteCount: Int
        /// The digest of its bytes as stored.
        package let digest: SHA256Digest
        /// How it is encrypted; `nil` when it isn't.
        package let encryption: Encryption?

        /// Describes a file.
        package init(path: String, byteCount: Int, digest: SHA256Digest, encryption: Encryption? = nil) {
            self.path = path
            self.byteCount = byteCount
            self.digest = digest
            self.encryption = encryption
        }
    }

    /// Something that was measured of a version, for example its accuracy.
    package struct Metric: Sendable, Hashable {
        /// What was measured.
        package let name: String
        /// What came out.
        package let value: Double

        /// Names a measurement.
        package init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    /// How a file is encrypted.
    package struct Encryption: Sendable, Hashable {
        /// The name of the key.
        package let keyID: String
        /// The size of the decrypted file, in bytes.
        package let plainByteCount: Int

        /// Names a key.
        package init(keyID: String, plainByteCount: Int) {
            self.keyID = keyID
            self.plainByteCount = plainByteCount
        }
    }

    /// The model's name.
    package var model: ModelName
    /// The version's number.
    package var version: ModelVersion
    /// When it was published, in seconds since 1970.
    package var created: Int64
    /// What it was made with, for example `onnx`; empty when nobody said.
    package var framework: String
    /// The version that it came from; `nil` when nobody said.
    package var parent: ModelVersion?
    /// Its files, sorted by path.
    package var files: [File]
    /// Inputs and outputs as in v2's metadata: name, datatype, shape.
    package var inputs: [JSONValue]
    /// The same for outputs.
    package var outputs: [JSONValue]
    /// What was measured of it, by name.
    package var metrics: [Metric]
    /// Whatever else its publisher wants to be known.
    package var metadata: [JSONValue.Member]

    /// Begins a manifest that lists these files.
    package init(model: ModelName, version: ModelVersion, created: Int64, files: [File]) {
        self.model = model
        self.version = version
        self.created = created
        self.framework = ""
        self.parent = nil
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.inputs = []
        self.outputs = []
        self.metrics = []
        self.metadata = []
    }
}
