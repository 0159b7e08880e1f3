internal import ApusClient
internal import ArgumentParser

/// `apus infer`: one request to one model, from a file or made up.
struct InferCommand: AsyncParsableCommand {
    /// How the answer is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Ask a model for a prediction.",
        discussion: """
            The input is made up from the model's metadata, or a file (or standard
            input) in one of these forms:
              JSON  a whole v2 request; a plain array for a model with one input;
                    an object {"input": array, …} for one with several
              CSV   a row for each index of the first dimension; a header row is
                    recognised; for a model with several inputs it names them:
                    a, or b[0],b[1],… where a row has several values
              NPY   a NumPy array, little-endian, in C order, no Python objects

            EXAMPLES
              echo '[[5.1, 3.5, 1.4, 0.2]]' | apus infer iris --file -
              apus infer iris --file flowers.csv
              apus infer digits --file image.npy --output json
              apus infer digits --random --batch 4 --seed 7
            """
    )

    @OptionGroup
    var target: ModelArguments

    @OptionGroup
    var server: ServerOptions

    @OptionGroup
    var input: InputOptions

    @Flag(help: "Send zeros.")
    var zero = false

    @Flag(help: "Send random values.")
    var random = false

    @Option(help: "How to print the answer.")
    var output = Output.table

    func validate() throws {
        try input.validate(isInferring: true, zero: zero, random: random)
    }

    func run() async throws {
        let model = try target.selector
        let answer = try await server.withConnection { connection in
            let metadata = try await connection.metadata(of: model)
            let request = try input.request(for: metadata, isZero: zero)
            return try await connection.infer(model, jsonBody: request.jsonBody)
        }
        switch output {
        case .table: print(try AnswerTable(parsing: answer).text, terminator: "")
        case .json: print(String(decoding: answer, as: UTF8.self))
        }
    }
}
