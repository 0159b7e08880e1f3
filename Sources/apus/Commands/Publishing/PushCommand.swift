internal import ApusClient
internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus push`: publishes a version.
struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Publish a model's file or folder as its next version.",
        discussion: """
            The version is seen by servers when all of it is there, and never changes afterwards. A file NAME.onnx, or
            the only one in a folder, becomes model.onnx; a folder's other files (weights, labels) come along. It is
            loaded here first, to list its inputs and outputs; one that no server could load isn't published.
            Where that can't be found out here (another engine, an ensemble's members), it is published with a note.

            EXAMPLES
              apus push iris.onnx --name iris --store ./models
              apus push iris.onnx --name iris --store s3://models --label stable
              apus push out/ --name bert --metric f1=0.91 --metadata commit=4f2a --metadata run.json
              apus push iris.onnx --name iris --sign publisher.pem --encrypt team-1
            """
    )

    @Argument(help: "The model's file, or a folder with all files of the version.")
    var file: String

    @Option(help: ArgumentHelp("The model's name.", valueName: "name"))
    var name: String

    @OptionGroup
    var store: StoreOptions

    @OptionGroup
    var contents: PushContents

    @OptionGroup
    var protection: PushProtection

    @Option(help: ArgumentHelp("Let a label point to the version.", valueName: "label"))
    var label: String?

    @Option(help: ArgumentHelp("The version's number; the next one when left out.", valueName: "n"))
    var asVersion: String?

    @Flag(help: "Don't load the model here first; its inputs and outputs aren't listed then.")
    var noCheck = false

    func validate() throws {
        _ = try Words.model(name)
        _ = try label.map(Words.label)
        _ = try asVersion.map(Words.version)
        _ = try contents.parent.map(Words.version)
    }

    func run() async throws {
        _ = try store.address
        var request = try await StoreOptions.run { [self] _ -> PushRequest in try self.request(SystemFiles()) }
        if !noCheck { try await inspect(&request) }
        let ready = request
        let pushed = try await store.withPublisher { try $0.push(ready) }
        let byteCount = pushed.manifest.files.reduce(0) { $0 + $1.byteCount }
        print(
            "\(pushed.version) is published in \(try store.address): \(Words.count(pushed.manifest.files.count, "file")), "
                + "\(byteCount) bytes, manifest \(pushed.digest)"
        )
        if let label { print("label '\(label)' points to version \(pushed.version.version)") }
    }

    /// Lists what the model takes and gives, as far as it can be loaded here.
    private func inspect(_ request: inout PushRequest) async throws {
        switch try await PushInspection.outcome(of: request.files, as: request.model) {
        case .loads(let model):
            for input in model.inputs {
                request.addInput(name: input.name, datatype: input.dataType.rawValue, shape: input.shape)
            }
            for output in model.outputs {
                request.addOutput(name: output.name, datatype: output.dataType.rawValue, shape: output.shape)
            }
        case .isRefused(let reason):
            throw CommandFailure(
                "'\(file)' isn't published, since no server could load it: \(Terminal.printable(reason))\n"
                    + "--no-check publishes it as it is"
            )
        case .isUnknown(let reason):
            StandardError.note(
                "inputs and outputs aren't listed, since '\(file)' couldn't be loaded here: \(Terminal.printable(reason))"
            )
        }
    }

    private func request(_ files: any FileSystem) throws -> PushRequest {
        let found = try PushSource.files(at: PublishingSession.resolved(file), on: files)
        var request = PushRequest(model: try Words.model(name), files: found)
        request.version = try asVersion.map(Words.version)
        request.label = try label.map(Words.label)
        try contents.apply(to: &request, files)
        try protection.apply(to: &request)
        return request
    }
}

/// What goes into a version beside the model's own files.
struct PushContents: ParsableArguments {
    @Option(help: ArgumentHelp("A config.pbtxt that counts for this version.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("An apus.yaml that counts for this version.", valueName: "file"))
    var settings: String?

    @Option(help: ArgumentHelp("A folder of golden requests.", valueName: "dir"))
    var golden: String?

    @Option(help: ArgumentHelp("What the model was made with. (default: onnx for model.onnx)", valueName: "name"))
    var framework: String?

    @Option(help: ArgumentHelp("The version that it came from.", valueName: "n"))
    var parent: String?

    @Option(help: ArgumentHelp("Something that was measured; may be repeated.", valueName: "name=number"))
    var metric: [String] = []

    @Option(
        help: ArgumentHelp("Something to know: a text, or a JSON file; may be repeated.", valueName: "name=text|file")
    )
    var metadata: [String] = []

    /// Puts all of it into a request.
    func apply(to request: inout PushRequest, _ files: any FileSystem) throws {
        for (path, source) in [("config.pbtxt", config), ("apus.yaml", settings)] {
            guard let source else { continue }
            request.files.removeAll { $0.path == path }
            request.files.append(PushRequest.File(path: path, source: PublishingSession.resolved(source)))
        }
        if let golden {
            request.files += try PushSource.files(in: PublishingSession.resolved(golden), as: "golden", on: files)
        }
        let isONNX = request.files.contains { $0.path == "model.onnx" }
        request.framework = framework ?? (isONNX ? "onnx" : "")
        request.parent = try parent.map(Words.version)
        for text in metric { try request.addMetric(text) }
        for text in metadata {
            if text.hasSuffix(".json"), !text.contains("=") {
                let file = try files.openForReading(PublishingSession.resolved(text))
                try request.addMetadata(text, fileContents: file.readAll(byteLimit: VersionManifest.maxBytes))
            } else {
                try request.addMetadata(text)
            }
        }
    }
}

/// How a version is signed and encrypted.
struct PushProtection: ParsableArguments {
    @Option(help: ArgumentHelp("Sign with this private key; 'apus keygen' makes one.", valueName: "file"))
    var sign: String?

    @Option(help: ArgumentHelp("Encrypt the files with the key of this name.", valueName: "name"))
    var encrypt: String?

    @OptionGroup
    var keys: KeyOptions

    /// Puts the keys into a request.
    func apply(to request: inout PushRequest) throws {
        if let sign { request.signingKey = try SigningKey(pem: KeyFile.contents(of: sign), name: sign) }
        guard let encrypt else { return }
        guard let id = KeyID(encrypt) else { throw ValidationError("'\(encrypt)' is no key's name: \(KeyID.rule)") }
        request.encryptionKey = try keys.keys.encryptionKey(id)
    }
}
