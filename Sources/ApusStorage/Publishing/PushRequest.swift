package import ApusCore
package import ApusProtocol

/// What is to be published, and how.
package struct PushRequest: Sendable {
    /// A file to publish.
    package struct File: Sendable, Hashable {
        /// Its path in the version.
        package let path: String
        /// Where it lies.
        package let source: String

        /// Names a file.
        package init(path: String, source: String) {
            self.path = path
            self.source = source
        }

        /// Whether it is encrypted when there is a key: all but what says how the model is to be served.
        var isEncryptable: Bool { path != "config.pbtxt" && path != "apus.yaml" }
    }

    /// The model.
    package let model: ModelName
    /// The number asked for; the next one when `nil`.
    package var version: ModelVersion?
    /// The files.
    package var files: [File]
    /// What it was made with.
    package var framework = ""
    /// The version that it came from.
    package var parent: ModelVersion?
    /// Inputs as in v2's metadata.
    package var inputs: [JSONValue] = []
    /// The same for outputs.
    package var outputs: [JSONValue] = []
    /// What was measured of it.
    package var metrics: [VersionManifest.Metric] = []
    /// Whatever else is to be known.
    package var metadata: [JSONValue.Member] = []
    /// A label that is to point to it.
    package var label: VersionLabel?
    /// Signs the manifest.
    package var signingKey: SigningKey?
    /// Encrypts the files.
    package var encryptionKey: EncryptionKey?

    /// Asks for files to be published as the next version of a model.
    package init(model: ModelName, files: [File]) {
        self.model = model
        self.files = files
    }
}
