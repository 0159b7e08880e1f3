internal import ArgumentParser

/// `apus-bench-peers decode`: how fast JSON numbers become a tensor, on one core.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Measure the decoding of a JSON request with many FP32 values."
    )

    @Option(help: "Values in the request; the default is a 3 x 224 x 224 image.")
    var floats = 150_528

    @Option(help: "How long to measure, in seconds.")
    var seconds = 3.0

    func run() throws {
        print(DecodeMeasurement.run(floats: floats, seconds: seconds))
    }
}
