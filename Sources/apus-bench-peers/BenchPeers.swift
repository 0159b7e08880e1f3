internal import ArgumentParser

/// What `scripts/bench` measures Apus against, as bare as it can be.
@main
struct BenchPeers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus-bench-peers",
        abstract: "The peers that scripts/bench measures Apus against.",
        subcommands: [EchoCommand.self, RawCommand.self, DecodeCommand.self]
    )
}
