internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus remove`: removes a version.
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a published version that is of no use any more.",
        discussion: """
            Refused for a version that a label points to and for the newest one, which servers serve, unless forced.

            EXAMPLES
              apus remove iris 1 --store s3://models
              apus remove iris 3 --force
            """
    )

    @Argument(help: "The model's name.")
    var name: String

    @Argument(help: "The version.")
    var version: String

    @Flag(help: "Also when it is live; labels that point to it go too.")
    var force = false

    @OptionGroup
    var store: StoreOptions

    func validate() throws {
        _ = try (Words.model(name), Words.version(version))
    }

    func run() async throws {
        let id = ModelID(name: try Words.model(name), version: try Words.version(version))
        let isForced = force
        try await store.withPublisher { try $0.remove(id, isForced: isForced) }
        print("\(id) is removed")
    }
}

/// `apus gc`: removes what is of no use.
struct GCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove what pushes that died have left, stray files, and on request old versions.",
        discussion: """
            Versions without a manifest that somebody copied by hand stay.

            EXAMPLES
              apus gc --dry-run --store s3://models
              apus gc --older-than-hours 2
              apus gc iris --keep 5
            """
    )

    @Argument(help: "The model's name; all models when left out.")
    var name: String?

    @Option(
        help: ArgumentHelp("How old something must be; a push that takes longer is taken for dead.", valueName: "n")
    )
    var olderThanHours = 24

    @Option(help: ArgumentHelp("Keep this many of the newest versions, and those with labels.", valueName: "n"))
    var keep: Int?

    @Flag(help: "Only say what would go.")
    var dryRun = false

    @OptionGroup
    var store: StoreOptions

    func validate() throws {
        _ = try name.map(Words.model)
        guard (0...1_000_000).contains(olderThanHours) else {
            throw ValidationError("--older-than-hours must be 0 or more")
        }
        guard keep.map({ $0 >= 1 }) ?? true else { throw ValidationError("--keep must be 1 or more") }
    }

    func run() async throws {
        let model = try name.map(Words.model)
        let policy = Publisher.GarbagePolicy(
            minimumAge: Int64(olderThanHours) * 3600,
            keptVersions: keep,
            isDryRun: dryRun
        )
        let garbage = try await store.withPublisher { publisher in
            try publisher.requireModels()
            return try publisher.collectGarbage(policy, of: model)
        }
        for item in garbage { print("\(dryRun ? "would remove" : "removed") \(item.name): \(item.reason)") }
        let byteCount = garbage.map(\.byteCount).saturatingSum
        print("\(Words.count(garbage.count, "thing")), \(byteCount) bytes\(dryRun ? ", all still there" : "")")
    }
}

/// `apus verify`: compares everything published with its manifests.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Read every published version and compare it with its manifest; exit status 1 when something is wrong.",
        discussion: """
            EXAMPLES
              apus verify --store s3://models
              apus verify iris --trusted-keys publisher.pub
            """
    )

    @Argument(help: "The model's name; all models when left out.")
    var name: String?

    @OptionGroup
    var store: StoreOptions

    @OptionGroup
    var trust: TrustOptions

    func validate() throws {
        _ = try name.map(Words.model)
    }

    func run() async throws {
        let model = try name.map(Words.model)
        let result = try await store.withPublisher { [trust] publisher in
            try publisher.requireModels()
            return try publisher.verify(model, policy: trust.policy())
        }
        for finding in result.findings { print("FAIL \(finding)") }
        for remark in result.remarks { print("note \(remark)") }
        print(
            "\(Words.count(result.versionCount, "version")), \(Words.count(result.fileCount, "file")), "
                + "\(result.byteCount) bytes are right; "
                + Words.count(result.findings.count, "fault")
        )
        if !result.findings.isEmpty { throw ExitCode(1) }
    }
}
