internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Answers ModelInfer on the event loop: looks the model up, decodes into its memory, submits; no task, no hop.
final class ModelInferRoute: GRPCUnaryHandler {
    private let services: CallServices
    private let service: any InferenceService
    private let decoder: V2MessageDecoder

    /// Makes the route for one event loop.
    init(services: CallServices) {
        self.services = services
        self.service = services.configuration.service
        self.decoder = V2MessageDecoder(
            limits: services.configuration.limits,
            sharedMemory: services.configuration.sharedMemory
        )
    }

    func respond(to head: GRPCRequestHead, message: GRPCMessage, on call: GRPCCall) {
        var reporter = CallReporter(services: services, received: call.received)
        reporter.bytesIn = message.bytes.readableBytes
        do throws(InferenceError) {
            try submit(message, head: head, call: call, reporter: &reporter)
        } catch {
            let status = GRPCStatusTable.status(of: error)
            call.finish(status)
            reporter.failed(error, status, id: "")
        }
    }

    private func submit(
        _ message: GRPCMessage,
        head: GRPCRequestHead,
        call: GRPCCall,
        reporter: inout CallReporter
    ) throws(InferenceError) {
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: services.budget)
        let plain = try message.plain(coding: head.coding, limits: services.configuration.limits, memory: &memory)
        let outline = try decoder.outline(plain.readableBytesSpan)
        let selector = try outline.selector()
        reporter.selector = selector
        let caller = try admit(selector, head: head)
        let lease = try service.lease(selector)
        guard !lease.model.description.isDecoupled else { throw InferenceError.onlyStreams }
        memory.allocator = lease.model.allocator
        let question = try decoder.decode(
            outline,
            bytes: plain.readableBytesSpan,
            body: MessageBody(buffer: plain),
            model: lease.model.description,
            memory: &memory
        )
        reporter.note(question.inputs)
        let sink = ModelInferSink(
            call: call,
            id: question.id,
            wishes: question.outputWishes,
            mayCompress: message.isCompressed && head.acceptsGzip,
            services: services,
            reporter: reporter
        )
        var request = InferenceRequest(
            inputs: question.inputs,
            timings: RequestTimings(received: call.received),
            lease: lease
        )
        request.operation = .infer
        request.caller = caller
        request.id = question.id
        if !question.outputs.isEmpty { request.requestedOutputs = question.outputs.map(\.name) }
        request.priority = question.priority
        request.sequence = question.sequence
        request.parameters = question.parameters
        request.charge = memory.takeCharge()
        request.deadline = call.deadline
        request.queueTimeout = InferenceRequest.nanoseconds(microseconds: question.timeoutMicroseconds)
        call.cancel(with: service.submit(request, to: sink))
    }

    private func admit(_ selector: ModelSelector, head: GRPCRequestHead) throws(InferenceError) -> Caller {
        switch services.configuration.gate.decide(.infer, model: selector.name, credentials: head.credentials) {
        case .allow(let caller): return caller
        case .deny(let error): throw error
        }
    }
}
