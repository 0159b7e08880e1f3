internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import SwiftProtobuf

/// The plain service: numbers in, predictions out.
struct PredictionMethods: Sendable {
    let configuration: GRPCEdgeConfiguration

    /// Registers its method.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        router.unary(Apus_V1_Prediction.Method.Predict.descriptor) {
            (request: Apus_V1_PredictRequest, call) throws(InferenceError) -> Apus_V1_PredictResponse in
            try await predict(request, call: call)
        }
    }

    private func predict(
        _ question: Apus_V1_PredictRequest,
        call: RPCCall
    ) async throws(InferenceError) -> Apus_V1_PredictResponse {
        let request = try prepare(question, call: call)
        let id = question.id
        let answer = OneAnswer { answer throws(InferenceError) -> Apus_V1_PredictResponse in
            try PredictionAnswer.response(to: id, model: answer.lease.model.description, outputs: answer.outputs)
        }
        return try await answer.ask(request, of: configuration.service, call: call, time: configuration.time)
    }

    private func prepare(
        _ question: Apus_V1_PredictRequest,
        call: RPCCall
    ) throws(InferenceError) -> InferenceRequest {
        let selector = try ModelSelector(messageName: modelName(question), version: question.version)
        try call.check(selector.name)
        let lease = try configuration.service.lease(selector)
        let model = lease.model
        guard !model.description.isDecoupled else { throw InferenceError.onlyStreams }
        let input = try PredictionInput(model: model.description)
        var memory = RequestMemory(allocator: model.allocator, budget: configuration.budget)
        let shape = try input.shape(question.shape, elementCount: question.data.count, limits: configuration.limits)
        let tensor = try input.tensor(question.data, shape: shape, memory: &memory)
        var request = InferenceRequest(
            inputs: [NamedTensor(name: input.specification.name, tensor: tensor)],
            timings: RequestTimings(received: call.received),
            lease: lease
        )
        request.id = question.id
        request.caller = call.caller
        request.charge = memory.takeCharge()
        request.deadline = call.deadline
        let parameters = try V2RequestParameters(
            question.parameters.map { (name: $0.key, value: PredictionMethods.value(of: $0.value)) }
        )
        request.priority = parameters.priority
        request.sequence = parameters.sequence
        request.queueTimeout = InferenceRequest.nanoseconds(microseconds: parameters.timeoutMicroseconds)
        request.parameters = parameters.others
        return request
    }

    /// The model that is meant: the one that is named, else the only one.
    private func modelName(_ question: Apus_V1_PredictRequest) throws(InferenceError) -> String {
        guard question.model.isEmpty else { return question.model }
        let names = Set(configuration.repository.index().filter { $0.state == .ready }.map(\.name))
        guard names.count == 1, let name = names.first else {
            throw InferenceError(
                .notFound,
                "the request names no model, and the server has \(names.count) of them: expected 'model'",
                field: "model",
                expected: names.sorted().prefix(20).joined(separator: ", ")
            )
        }
        return name
    }

    private static func value(of parameter: Apus_V1_Parameter) -> ParameterValue? {
        switch parameter.value {
        case .boolean(let value): .bool(value)
        case .integer(let value): .int(value)
        case .number(let value): .double(value)
        case .text(let value): .string(value)
        case nil: nil
        }
    }
}
