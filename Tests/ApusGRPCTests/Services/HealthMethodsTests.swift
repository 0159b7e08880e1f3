import ApusCore
import ApusProtos
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Testing

struct HealthMethodsTests {
    private func check(_ server: FakeServer, _ service: String) async throws -> Grpc_Health_V1_HealthCheckResponse {
        try await server.run { client in
            try await client.ask(
                Grpc_Health_V1_Health.Method.Check.descriptor,
                Grpc_Health_V1_HealthCheckRequest.with { $0.service = service }
            )
        }
    }

    @Test func `an empty name is the server, others are models`() async throws {
        let server = FakeServer(models: [FakeModel("a"), FakeModel("b", isReady: false)])
        #expect(try await check(server, "").status == .serving)
        #expect(try await check(server, "a").status == .serving)
        #expect(try await check(server, "b").status == .notServing)
        server.health.isReady = false
        #expect(try await check(server, "").status == .notServing)
        let error = await #expect(throws: RPCError.self) { _ = try await check(server, "c") }
        #expect(error?.code == .notFound)
    }

    @Test func `a watcher is told at once and at each change`() async throws {
        let server = FakeServer()
        let statuses = try await server.run { client in
            try await client.serverStreaming(
                request: ClientRequest(message: Grpc_Health_V1_HealthCheckRequest()),
                descriptor: Grpc_Health_V1_Health.Method.Watch.descriptor,
                serializer: ProtobufSerializer<Grpc_Health_V1_HealthCheckRequest>(),
                deserializer: ProtobufDeserializer<Grpc_Health_V1_HealthCheckResponse>(),
                options: .defaults
            ) { response in
                var statuses: [Grpc_Health_V1_HealthCheckResponse.ServingStatus] = []
                for try await message in response.messages {
                    statuses.append(message.status)
                    server.health.isReady.toggle()
                    if statuses.count == 3 { break }
                }
                return statuses
            }
        }
        #expect(statuses == [.serving, .notServing, .serving])
    }

    @Test func `a watched model that isn't there is unknown, not an error`() async throws {
        let status = try await FakeServer().run { client in
            try await client.serverStreaming(
                request: ClientRequest(message: Grpc_Health_V1_HealthCheckRequest.with { $0.service = "none" }),
                descriptor: Grpc_Health_V1_Health.Method.Watch.descriptor,
                serializer: ProtobufSerializer<Grpc_Health_V1_HealthCheckRequest>(),
                deserializer: ProtobufDeserializer<Grpc_Health_V1_HealthCheckResponse>(),
                options: .defaults
            ) { response in
                for try await message in response.messages { return message.status }
                return .unknown
            }
        }
        #expect(status == .serviceUnknown)
    }
}
