internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Writes the answer to one ModelInfer.
final class ModelInferSink: AnswerSink {
    /// The least bytes of an answer worth compressing.
    private static let compressionFloor = 4096

    private let call: GRPCCall
    private let id: String
    private let wishes: V2OutputForm?
    private let mayCompress: Bool
    private let services: CallServices
    private let reporter: CallReporter
    let lane: any CompletionLane

    init(
        call: GRPCCall,
        id: String,
        wishes: V2OutputForm?,
        mayCompress: Bool,
        services: CallServices,
        reporter: CallReporter
    ) {
        self.call = call
        self.id = id
        self.wishes = wishes
        self.mayCompress = mayCompress
        self.services = services
        self.reporter = reporter
        self.lane = call.loop.lane
    }

    var demand: Int { 1 }

    func receive(_ answer: consuming InferenceAnswer) {
        let fate = call.fate
        guard fate == .sent else { return reporter.dropped(fate, id: id) }
        do throws(InferenceError) {
            let model = answer.lease.model.description
            let maxBytes = services.configuration.limits.maxAnswerBytes
            let encoder = try V2MessageEncoder(
                id: id,
                model: model.id,
                outputs: wishes?.prepare(answer.outputs, model: model, maxBytes: maxBytes) ?? answer.outputs,
                wishes: wishes,
                maxBytes: maxBytes
            )
            var body = call.makeBody()
            if encoder.byteCount > RequestMemory.freeBytes {
                guard let charge = ByteCharge(encoder.byteCount, from: services.budget) else {
                    throw ByteBudget.exhausted
                }
                body.charge = consume charge
            }
            body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.byteCount) { span in
                encoder.write(into: &span)
            }
            send(body)
            reporter.succeeded(answer, byteCount: encoder.byteCount)
        } catch {
            fail(error)
        }
    }

    func finish(_ end: AnswerEnd) {
        if case .failure(let error) = end { fail(error) }
    }

    private func send(_ body: consuming HTTPResponseBody) {
        var isCompressed = false
        if mayCompress, body.byteCount >= ModelInferSink.compressionFloor,
            let compressed = ModelInferSink.compressed(body.buffer)
        {
            body.buffer.moveWriterIndex(to: body.buffer.readerIndex)
            body.buffer.writeBytes(compressed)
            call.sendHead(coding: .gzip)
            isCompressed = true
        }
        call.send(body, isCompressed: isCompressed)
        call.finish(.ok)
    }

    /// Compresses what a buffer holds; `nil` when nothing is gained.
    static func compressed(_ message: ByteBuffer) -> [UInt8]? {
        unsafe message.withUnsafeReadableBytes { bytes in unsafe Compression.compress(bytes, as: .gzip) }
    }

    private func fail(_ error: InferenceError) {
        let fate = call.fate
        guard fate == .sent else { return reporter.dropped(fate, id: id) }
        let isLate = error.code == .unavailable && call.deadline.hasPassed(at: services.configuration.time.now)
        let status = isLate ? .deadlineExceeded : GRPCStatusTable.status(of: error)
        call.finish(status)
        reporter.failed(error, status, id: id)
    }
}
