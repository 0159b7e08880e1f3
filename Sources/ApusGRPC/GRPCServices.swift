internal import ApusCore
package import GRPCCore

/// Every gRPC service of the server, for any transport.
package struct GRPCServices: RegistrableRPCService {
    private let configuration: GRPCEdgeConfiguration

    /// Takes what the services call.
    package init(_ configuration: GRPCEdgeConfiguration) {
        self.configuration = configuration
    }

    package func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        var gated = GatedRouter(router, configuration: configuration)
        InferenceMethods(configuration: configuration).register(with: &gated)
        V2Methods(configuration: configuration).register(with: &gated)
        PredictionMethods(configuration: configuration).register(with: &gated)
        TensorFlowPredictionMethods(configuration: configuration).register(with: &gated)
        TensorFlowModelMethods(configuration: configuration).register(with: &gated)
        HealthMethods(configuration: configuration).register(with: &gated)
        router = gated.router
        var services = Set(router.methods.map(\.service.fullyQualifiedService))
        services.formUnion(ReflectionMethods.names)
        gated = GatedRouter(router, configuration: configuration)
        ReflectionMethods(services: services).register(with: &gated)
        router = gated.router
    }
}
