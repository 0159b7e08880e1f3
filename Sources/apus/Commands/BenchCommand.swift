internal import ApusClient
internal import ApusCore
internal import ArgumentParser

/// `apus bench`: load on a running server, and what became of it.
struct BenchCommand: AsyncParsableCommand {
    /// How the result is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Load a running server with requests to one model and measure.",
        discussion: """
            Without --rate the loop is closed: each connection sends when it has its
            answer. With --rate requests are due at fixed times, and latencies count
            from those times, so that a stall of the server shows in full. At thousands
            a second with a --timeout answers are looked for fifty times within it, to
            leave the processor to a server on the same machine.
            The request is made up at random unless --file gives one.

            EXAMPLES
              apus bench iris
              apus bench iris --connections 32 --duration 30s --json result.json
              apus bench iris --rate 2000
              apus bench iris --rate 40000 --connections 256 --timeout 20ms
              apus bench digits --binary --batch 16
              apus bench tickets --file request.json --output json
            """
    )

    @OptionGroup
    var target: ModelArguments

    @OptionGroup
    var server: ServerOptions

    @OptionGroup
    var input: InputOptions

    @Option(name: [.short, .long], help: "Connections to keep open.")
    var connections = 8

    @Option(help: "How long to measure: 10s, 500ms, 2m. (default: 10s)", transform: BenchCommand.duration)
    var duration = Duration.seconds(10)

    @Option(help: "How long to load before measuring. (default: 1s)", transform: BenchCommand.duration)
    var warmup = Duration.seconds(1)

    @Option(help: ArgumentHelp("Requests a second, sent on schedule (open loop).", valueName: "r"))
    var rate: Double?

    @Option(
        help: ArgumentHelp("A deadline for each request; those refused for it count apart.", valueName: "duration"),
        transform: BenchCommand.duration
    )
    var timeout: Duration?

    @Flag(help: "Send and receive tensors as bytes, not as JSON.")
    var binary = false

    @Option(
        name: .customLong("json"),
        help: ArgumentHelp("Also write the result to a file, as JSON.", valueName: "path")
    )
    var jsonPath: String?

    @Option(help: "How to print the result.")
    var output = Output.table

    func validate() throws {
        if server.models != nil {
            throw ValidationError("bench needs a running server: start one with 'apus serve --models DIR', give --url")
        }
        try input.validate(isInferring: false, zero: false, random: false)
        do {
            try plan(url: .default).validate()
        } catch {
            throw ValidationError(error.message)
        }
    }

    func run() async throws {
        let model = try target.selector
        let plan = plan(url: try ServerURL(option: server.url))
        let metadata = try await HTTPModelServerConnection(HTTPConnection(to: plan.url)).metadata(of: model)
        let prepared = try input.request(for: metadata, isZero: false)
        let request = try LoadRequest(prepared, model: model, isBinary: binary)
        try await request.probe(plan.url)
        let outcome = try await LoadGenerator(plan, request: request).run()
        let report = LoadReport(
            model: model.description,
            plan: plan,
            request: request,
            isBinary: binary,
            outcome: outcome
        )
        if let jsonPath { try DataFile.write(Array(report.json.utf8), to: jsonPath) }
        print(output == .json ? report.json : report.text, terminator: "")
        // For scripts: a run in which nothing was answered has failed.
        if outcome.answered == 0 { throw ExitCode.failure }
    }

    private func plan(url: ServerURL) -> LoadPlan {
        var plan = LoadPlan(url: url)
        plan.connections = connections
        plan.duration = duration
        plan.warmup = warmup
        plan.timeout = timeout
        if let rate { plan.pace = .openLoop(requestsPerSecond: rate) }
        return plan
    }

    @Sendable private static func duration(_ text: String) throws -> Duration {
        guard let duration = DurationText.parse(text) else {
            throw ValidationError("'\(text)' is no duration; write 10s, 500ms, 2m or 1h")
        }
        return duration
    }
}
