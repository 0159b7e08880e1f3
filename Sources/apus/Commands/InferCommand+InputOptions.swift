internal import ApusClient
internal import ArgumentParser

/// Where the data for a request comes from.
struct InputOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "Take the input from a file; '-' is standard input.")
    var file: String?

    @Option(
        help: "How the file is written: \(InputFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            guard let format = InputFormat(rawValue: text) else {
                throw ValidationError("'\(text)' is no format; json, csv, npy and auto are")
            }
            return format
        }
    )
    var format = InputFormat.auto

    @Option(help: ArgumentHelp("The first dimension of made-up inputs that leave it open.", valueName: "n"))
    var batch: Int?

    @Option(help: ArgumentHelp("Where random values start from.", valueName: "n"))
    var seed: UInt64 = 0

    /// Refuses options that contradict each other.
    func validate(isInferring: Bool, zero: Bool, random: Bool) throws {
        let sources = [file != nil, zero, random].count { $0 }
        guard sources <= 1 else { throw ValidationError("Give only one of --file, --zero and --random.") }
        guard !isInferring || sources == 1 else {
            throw ValidationError("Say what to send: --file FILE, --file - for standard input, --zero or --random.")
        }
        guard batch == nil || file == nil else {
            throw ValidationError("--batch is for made-up inputs; with --file the data decides.")
        }
        guard batch.map({ $0 >= 1 }) ?? true else { throw ValidationError("--batch must be 1 or more.") }
    }

    /// Reads or makes the request.
    func request(for metadata: ModelMetadata, isZero: Bool) throws -> PreparedRequest {
        let builder = RequestBuilder(metadata)
        if let file { return try builder.request(from: DataFile.read(file), format: format) }
        if isZero { return try builder.zeroRequest(batch: batch) }
        return try builder.randomRequest(batch: batch, seed: seed)
    }
}
