internal import ApusClient
internal import ApusCore
internal import ArgumentParser

/// `apus stats`: what one model has done, and what the scheduler has learnt of it.
struct StatsCommand: AsyncParsableCommand {
    /// How the statistics are printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show what a model of a running server has done and learnt.",
        discussion: """
            Requests, mean times by phase, the sizes of runs, what a row costs by
            the size of its run (the curve that the scheduler has learnt, and the
            size that it takes now), how requests run and why, the slowest ones.

            EXAMPLES
              apus stats iris
              apus stats iris --model-version 2 --url http://10.0.0.5:8000
              apus stats iris --output json
            """
    )

    /// Statistics are a few kilobytes; a thousand times that is no answer of a model server.
    static let maxAnswerBytes = 16 << 20

    @OptionGroup
    var target: ModelArguments

    @OptionGroup
    var server: ServerOptions

    @Option(help: "How to print them.")
    var output = Output.table

    func validate() throws {
        if server.models != nil {
            throw ValidationError("stats needs a running server: start one with 'apus serve --models DIR', give --url")
        }
    }

    func run() async throws {
        let model = try target.selector
        let url = try ServerURL(option: server.url)
        let connection = HTTPModelServerConnection(HTTPConnection(to: url, maxBodyBytes: StatsCommand.maxAnswerBytes))
        let answer = try await connection.statistics(of: model)
        if output == .json { return print(String(decoding: answer.encoded, as: UTF8.self)) }
        let versions = try ServedStatistics.versions(fromJSON: answer)
        let index = try await connection.index()
        for (number, statistics) in versions.enumerated() {
            let entry = index.first { $0.name == statistics.name && $0.version?.description == statistics.version }
            if number > 0 { print("") }
            print(StatisticsPicture(statistics, state: entry?.state.rawValue ?? "UNKNOWN").text, terminator: "")
        }
    }
}
