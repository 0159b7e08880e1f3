package import ApusCore
internal import Logging

/// Writes one line for a request.
///
/// Called on event loops, once per request: it builds bytes in one array and hands them over, no dictionary and no
/// swift-log in between. The server's log level doesn't matter to it, its mode does.
package struct AccessLog: Sendable {
    private let mode: AccessLogMode
    private let format: LogFormat
    private let destination: LogDestination

    /// Makes the log.
    ///
    /// - Parameters:
    ///   - mode: Which requests get a line.
    ///   - format: How lines look.
    ///   - destination: Where they go, usually the same as the server's log.
    package init(mode: AccessLogMode, format: LogFormat, destination: LogDestination) {
        self.mode = mode
        self.format = format
        self.destination = destination
    }

    /// Whether a request would get a line; ask before gathering shapes.
    package func isInterested(inFailure isFailure: Bool) -> Bool {
        switch mode {
        case .off: false
        case .failures: isFailure
        case .all: true
        }
    }

    /// Writes the line of a request, if its mode wants it.
    package func record(_ record: borrowing AccessRecord) {
        guard isInterested(inFailure: record.isFailure) else { return }
        destination.write(line(for: record, at: WallClock.millisecondsSince1970))
    }

    /// The line of a request.
    func line(for record: borrowing AccessRecord, at milliseconds: Int64) -> [UInt8] {
        var line = LogLine(
            format: format,
            at: milliseconds,
            level: record.isFailure ? .warning : .info,
            sentence: record.isFailure ? "Request failed" : "Request answered"
        )
        if !record.requestID.isEmpty { line.add(AccessKeys.requestID, record.requestID) }
        line.add(AccessKeys.operation, record.operation.rawValue)
        if let model = record.model { line.add(AccessKeys.model, model.description) }
        if let version = record.version { line.add(AccessKeys.version, count: version.number.magnitude) }
        line.add(AccessKeys.status, count: UInt64(max(0, record.status)))
        if let code = record.code { line.add(AccessKeys.code, code.label) }
        if !record.inputs.isEmpty { line.add(AccessKeys.inputs, tensors: record.inputs) }
        if !record.outputs.isEmpty { line.add(AccessKeys.outputs, tensors: record.outputs) }
        line.add(AccessKeys.latency, millisecondsOf: record.latencyNanoseconds)
        if let phases = record.phases { AccessLog.add(phases, to: &line) }
        line.add(AccessKeys.bytesIn, count: record.bytesIn)
        line.add(AccessKeys.bytesOut, count: record.bytesOut)
        return line.finish()
    }

    private static func add(_ phases: AccessRecord.Phases, to line: inout LogLine) {
        line.add(AccessKeys.decode, millisecondsOf: phases.decode)
        line.add(AccessKeys.queue, millisecondsOf: phases.queue)
        line.add(AccessKeys.computeInput, millisecondsOf: phases.computeInput)
        line.add(AccessKeys.computeInfer, millisecondsOf: phases.computeInfer)
        line.add(AccessKeys.computeOutput, millisecondsOf: phases.computeOutput)
    }
}
