import ApusCore
import Testing

@testable import ApusHTTP

@Suite(.timeLimit(.minutes(1)))
struct OpenAPIAnswersTests {
    @Test func `the server and its models describe themselves`() async throws {
        try await EdgeServer.run { server in
            let whole = try await server.ask("GET", "/openapi.json")
            #expect(whole["Content-Type"] == "application/json")
            #expect(whole.body.hasPrefix(#"{"openapi":"3.1.0""#))
            #expect(whole.body.contains(#""/predict/m""#))
            #expect(!whole.body.contains(#""/metrics""#))
            let old = try await server.ask("GET", "/v2/models/m/openapi.json?format=swagger2")
            #expect(old.body.hasPrefix(#"{"swagger":"2.0","info":{"title":"m","version":"3"}"#))
            let versioned = try await server.ask("GET", "/v2/models/m/versions/3/openapi.json?format=openapi3.0")
            #expect(versioned.body.hasPrefix(#"{"openapi":"3.0.3""#))
            #expect(try await server.ask("GET", "/openapi.json?format=x").status == 400)
            #expect(try await server.ask("GET", "/v2/models/n/openapi.json").status == 404)
            #expect(server.models[0].leases == 0)
        }
    }

    @Test func `the page loads nothing`() async throws {
        try await EdgeServer.run { server in
            let page = try await server.ask("GET", "/docs")
            #expect(page["Content-Type"] == "text/html; charset=utf-8")
            #expect(page["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true)
            #expect(page["X-Content-Type-Options"] == "nosniff")
        }
    }
}
