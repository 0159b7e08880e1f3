internal import ApusServer
internal import ArgumentParser

/// The `apus` command: a model server and what goes with it.
@main
struct ApusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "A model server: takes trained models from a folder and serves them over HTTP and gRPC.",
        discussion: """
            EXAMPLES
              apus serve --models examples/models
              apus models
              apus infer iris --random
              apus check examples/models
              apus engines
              apus bench iris --duration 5s
              apus stats iris
              apus update
              apus push iris.onnx --name iris --store ./models --label stable
            """,
        version: ServerAssembly.version,
        subcommands: [
            ServeCommand.self, ModelsCommand.self, InferCommand.self, CheckCommand.self, EnginesCommand.self,
            BenchCommand.self, StatsCommand.self, UpdateCommand.self, CacheCommand.self, PushCommand.self,
            PromoteCommand.self,
            RollbackCommand.self,
            HistoryCommand.self, PullCommand.self, RemoveCommand.self, GCCommand.self, VerifyCommand.self,
            SyncCommand.self, BackupCommand.self, RestoreCommand.self, IndexCommand.self, KeygenCommand.self,
        ]
    )
}
