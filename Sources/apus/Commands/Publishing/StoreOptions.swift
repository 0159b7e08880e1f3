internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// Which store a command works on.
struct StoreOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("to"), .customLong("from")],
        help: ArgumentHelp(
            "Where models are published: a folder, s3://BUCKET/PREFIX. Environment: APUS_MODELS.",
            valueName: "store"
        )
    )
    var store: String?

    /// The store's address.
    var address: String {
        get throws {
            if let address = store ?? ProcessEnvironment.variables["APUS_MODELS"], !address.isEmpty { return address }
            throw ValidationError("say where: --store DIR, --store s3://BUCKET/PREFIX, or set APUS_MODELS")
        }
    }

    /// Runs blocking work on the store.
    func withPublisher<Result: Sendable>(
        _ body: @escaping @Sendable (Publisher) throws -> Result
    ) async throws -> Result {
        let address = try address
        return try await StoreOptions.run { session in try body(session.publisher(address)) }
    }

    /// Runs blocking work; a failure ends the command with its sentence.
    static func run<Result: Sendable>(
        _ body: @escaping @Sendable (PublishingSession) throws -> Result
    ) async throws -> Result {
        do {
            return try await PublishingSession.run(body)
        } catch let error as StorageError {
            throw CommandFailure(error)
        }
    }
}

/// Whose signatures are asked for.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take only what is signed with one of these public keys: a PEM file or a folder of them; may be repeated.",
            valueName: "path"
        )
    )
    var trustedKeys: [String] = []

    /// The policy that they make.
    func policy() throws(StorageError) -> SignaturePolicy {
        trustedKeys.isEmpty ? .open : SignaturePolicy(.required, trusted: try TrustedKeys(paths: trustedKeys))
    }
}

/// Where keys of encrypted files come from.
struct KeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A file with lines NAME = KEY. Before it: the variables APUS_KEY_NAME.", valueName: "file")
    )
    var keyFile: String?

    @Option(
        help: ArgumentHelp(
            "A command that prints a key; the name is its last argument. Commas between words, no shell.",
            valueName: "program"
        )
    )
    var keyCommand: String?

    /// The keys.
    var keys: DecryptionKeys {
        DecryptionKeys(
            environment: ProcessEnvironment.variables,
            file: keyFile,
            command: keyCommand.map { $0.split(separator: ",").map(String.init) } ?? []
        )
    }
}

/// Checks of words that commands take.
enum Words {
    /// A number of things: `1 file`, `2 files`.
    static func count(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }

    /// What became of a model's labels: `labels of iris: stable 6 → 2, canary 7 → -`.
    static func labels(of model: ModelName, _ moves: [LabelPointer.Move]) -> String {
        let changes = moves.map { move in
            "\(move.label) \(move.from.map { "\($0)" } ?? "-") → \(move.to.map { "\($0)" } ?? "-")"
        }
        return "labels of \(model): \(changes.isEmpty ? "their history" : changes.joined(separator: ", "))"
    }

    /// A model's name.
    static func model(_ text: String) throws -> ModelName {
        guard let name = ModelName(text) else {
            throw ValidationError("'\(text)' is no model name; names have letters, digits, '.', '_' and '-' only")
        }
        return name
    }

    /// A version's number.
    static func version(_ text: String) throws -> ModelVersion {
        guard let version = ModelVersion(parsing: text) else {
            throw ValidationError("'\(text)' is no version; versions are 1, 2, 3, …")
        }
        return version
    }

    /// A label.
    static func label(_ text: String) throws -> VersionLabel {
        guard let label = VersionLabel(text) else {
            throw ValidationError("'\(text)' can't be a label: \(VersionLabel.rule)")
        }
        return label
    }

    /// A version's number or a label, or nothing for the newest one.
    static func selector(_ model: String, _ text: String?) throws -> ModelSelector {
        let name = try self.model(model)
        guard let text else { return ModelSelector(name: name) }
        guard let version = ModelSelector.Version(parsing: text) else {
            throw ValidationError("'\(text)' is neither a version nor a label")
        }
        return ModelSelector(name: name, version: version)
    }
}
