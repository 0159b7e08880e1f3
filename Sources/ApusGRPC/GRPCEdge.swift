internal import ApusCore
package import ApusListener

/// The gRPC edge of one event loop: finds the operation of a method, asks the gate, answers ModelInfer the direct way and
/// leaves everything else to grpc-swift's services.
package final class GRPCEdge: GRPCApplication {
    /// The method that goes the direct way.
    private static let modelInfer = "/inference.GRPCInferenceService/ModelInfer"

    private let services: CallServices
    private let modelInfer: ModelInferRoute
    private let transport: ConnectionTransport

    /// Makes the edge.
    ///
    /// - Parameters:
    ///   - configuration: What it calls.
    ///   - transport: What serves everything but ModelInfer.
    init(configuration: GRPCEdgeConfiguration, transport: ConnectionTransport) {
        self.services = CallServices(configuration)
        self.modelInfer = ModelInferRoute(services: services)
        self.transport = transport
    }

    package func admit(_ head: GRPCRequestHead, on call: GRPCCall) -> GRPCAdmission {
        if head.path == GRPCEdge.modelInfer {
            // Asked once more when the message has named its model, before tensors are decoded.
            switch services.configuration.gate.decide(.infer, model: nil, credentials: head.credentials) {
            case .allow: return .unary(modelInfer)
            case .deny(let error): return refuse(GRPCStatusTable.status(of: error))
            }
        }
        guard let method = transport.method(head.path) else {
            guard transport.isServing else { return refuse(GRPCStatus(.unavailable, "the server is not ready yet")) }
            return refuse(GRPCStatus(.unimplemented, "unknown method '\(head.path.prefix(256))'"))
        }
        // The services ask the gate for themselves, each method for its operation.
        return .stream(transport.open(method, head: head, call: call, services: services))
    }

    package func refused(_ status: GRPCStatus) {
        services.configuration.observer.answered(status: GRPCStatusTable.httpStatus(of: status.code))
    }

    private func refuse(_ status: GRPCStatus) -> GRPCAdmission {
        refused(status)
        return .refuse(status)
    }
}

extension GRPCRequestHead {
    /// What came with the call to prove who asks.
    var credentials: Credentials { authorization.map { Credentials(authorization: $0) } ?? .none }
}
