/// One of the requests that took a version longest.
package struct SlowRequest: Sendable, Hashable {
    /// The caller's name for it; empty where none was sent.
    package let id: String
    /// From its first byte until its outputs stood ready, in nanoseconds.
    package let total: UInt64
    /// The parts of that, in their order, in nanoseconds.
    package let phases: [UInt64]
    /// Rows of the run that it was in.
    package let batchSize: UInt64

    /// The members of the parts, and what they are called.
    static let phaseNames: [(member: String, title: String)] = [
        ("decode_ns", "DECODE"), ("queue_ns", "QUEUE"), ("batch_ns", "BATCH"), ("compute_input_ns", "INPUT"),
        ("compute_infer_ns", "INFER"), ("compute_output_ns", "OUTPUT"),
    ]

    /// Reads an element of `scheduling.slowest`.
    init(_ json: JSONValue) throws(ClientError) {
        id = json["id"]?.text ?? ""
        total = try json.count("total_ns")
        var phases: [UInt64] = []
        for (member, _) in SlowRequest.phaseNames { phases.append(try json.count(member)) }
        self.phases = phases
        batchSize = try json.count("batch_size")
    }
}
