internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus sync`: copies what is published from one store to another.
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Copy published models from one store to another: only what is missing, labels last, all verified.",
        discussion: """
            Cut at any moment, nothing half is seen, and the next run goes on from there.

            EXAMPLES
              apus sync ./models s3://models
              apus sync s3://models s3://mirror --name iris
            """
    )

    @Argument(help: "The store to copy from.")
    var source: String

    @Argument(help: "The store to copy to.")
    var destination: String

    @Option(help: ArgumentHelp("Copy this model only.", valueName: "name"))
    var name: String?

    @OptionGroup
    var trust: TrustOptions

    func validate() throws {
        _ = try name.map(Words.model)
    }

    func run() async throws {
        let model = try name.map(Words.model)
        let report = try await StoreOptions.run { [self] session in
            let from = try session.publisher(source)
            try from.requireModels()
            let synchronizer = Synchronizer(
                from: from,
                to: try session.publisher(destination),
                policy: try trust.policy()
            )
            return try synchronizer.run(model)
        }
        for version in report.copied { print("copied \(version)") }
        for version in report.mended { print("mended \(version)") }
        for (model, moves) in report.labelled { print(Words.labels(of: model, moves)) }
        for refusal in report.refused { print("FAIL \(refusal)") }
        print(
            "\(Words.count(report.copied.count, "version")) copied (\(Words.count(report.fileCount, "file")), \(report.byteCount) bytes), "
                + "\(report.present.count) were there, \(report.mended.count) mended, \(report.refused.count) refused"
        )
        if !report.refused.isEmpty { throw ExitCode(1) }
    }
}

/// `apus backup`: writes a repository into one archive.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write everything of a store into one archive, apus-backup-TIME.tar.",
        discussion: """
            EXAMPLES
              apus backup --store s3://models --into /backups
            """
    )

    @Option(help: ArgumentHelp("The folder of the archive.", valueName: "dir"))
    var into = "."

    @OptionGroup
    var store: StoreOptions

    func run() async throws {
        let folder = PublishingSession.absolute(into)
        let backup = try await store.withPublisher { publisher in
            try publisher.requireModels()
            return try publisher.backUp(into: folder)
        }
        for finding in backup.leftOut { print("left out \(finding)") }
        print("\(backup.path): \(Words.count(backup.objectCount, "object")), \(backup.byteCount) bytes")
    }
}

/// `apus restore`: brings a repository back out of an archive.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring models back out of a backup; the whole archive is checked before anything is written.",
        discussion: """
            EXAMPLES
              apus restore /backups/apus-backup-20261121T221530Z.tar --store ./models
            """
    )

    @Argument(help: "The archive.")
    var archive: String

    @OptionGroup
    var store: StoreOptions

    @OptionGroup
    var trust: TrustOptions

    func run() async throws {
        let restored = try await store.withPublisher { [self] publisher in
            try publisher.restore(PublishingSession.resolved(archive), policy: trust.policy())
        }
        for version in restored.mended { print("mended \(version)") }
        for (model, moves) in restored.labelled { print(Words.labels(of: model, moves)) }
        print(
            "\(restored.copied.count) versions restored, \(restored.present.count) were there, "
                + "\(restored.mended.count) mended; "
                + "labels of \(restored.labelled.count) models; \(restored.objectCount) other files"
        )
    }
}
