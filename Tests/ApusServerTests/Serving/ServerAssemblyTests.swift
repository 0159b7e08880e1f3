import ApusClient
import ApusCore
import ApusModels
import ApusScheduling
import ServiceLifecycleTestKit
import Testing

@testable import ApusServer

@Suite(.timeLimit(.minutes(2)))
struct ServerAssemblyTests {
    @Test func `it is ready, lists its models and answers`() async throws {
        let repository = Repository().addIdentity("echo")
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            #expect(server.addresses.httpPort ?? 0 > 0)
            #expect(server.addresses.grpcPort ?? 0 > 0)
            #expect(server.addresses.metricsPort > 0)
            #expect(try await server.get("/v2/health/ready").status == 200)
            #expect(try await server.get("/v2/health/live").status == 200)
            let metadata = try await server.get("/v2").text
            #expect(metadata.contains(#""name":"apus""#))
            #expect(metadata.contains(#""version":"\#(ServerAssembly.version)""#))
            let index = try await server.post("/v2/repository/index")
            #expect(index.status == 200)
            #expect(index.text.contains(#""name":"echo""#))
            #expect(index.text.contains(#""state":"READY""#))
            let answer = try await server.infer("echo")
            #expect(answer.status == 200)
            #expect(answer.text.contains(#""data":[1,2.5]"#) || answer.text.contains(#""data":[1.0,2.5]"#))
            #expect(answer.text.contains(#""id":"1""#))
        }
    }

    @Test func `metrics have a port of their own`() async throws {
        let repository = Repository().addIdentity("echo")
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            _ = try await server.infer("echo")
            let metrics = try await server.getFromMetricsPort("/metrics")
            #expect(metrics.status == 200)
            #expect(metrics.text.contains(#"nv_inference_request_success{model="echo",version="1"} 1"#))
            #expect(try await server.get("/metrics").status == 404)
            #expect(try await server.getFromMetricsPort("/v2/health/ready").status == 404)
            #expect(try await server.getFromMetricsPort("/v2/models/echo/infer").status == 404)
        }
    }

    @Test func `a bad model is listed with its reason while others serve`() async throws {
        let repository = Repository().addIdentity("good").add("bad", #"name: "other""#)
        repository.folder.write("missing/1/model.onnx", "not read")
        repository.addIdentity("batched", more: "max_batch_size: 4 optimization { graph { level: 1 } }")
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            #expect(try await server.get("/v2/health/ready").status == 200)
            #expect(try await server.infer("good").status == 200)
            let index = try await server.post("/v2/repository/index").text
            #expect(index.contains("make them equal or leave the name out"))
            #expect(index.contains("scripts/install-engine onnxruntime"))
            let refusal = try await server.infer("bad")
            #expect(refusal.status == 404)
            #expect(refusal.text.contains("Request for unknown model: 'bad' has no available versions"))
            #expect(try await server.infer("goof").text.contains("did you mean 'good'?"))
        }
        let log = repository.folder.text(of: ".log")
        #expect(log.contains("The model can't be served"))
        #expect(log.contains("An engine is missing"))
        #expect(log.contains("The configuration has fields that are read and not acted on"))
        #expect(log.contains("Server is ready"))
    }

    @Test func `with strict readiness a bad model keeps the server from being ready`() async throws {
        let repository = Repository().addIdentity("good").add("bad", #"name: "other""#)
        var configuration = RunningServer.configuration(repository)
        configuration.isReadinessStrict = true
        try await RunningServer.with(configuration) { server in
            let ready = try await server.get("/v2/health/ready")
            #expect(ready.status == 503)
            #expect(try await server.get("/v2/health/live").status == 200)
            #expect(try await server.infer("good").status == 200)
        }
    }

    @Test func `an empty repository serves nothing and is ready`() async throws {
        let repository = Repository()
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            let ready = try await server.get("/v2/health/ready")
            #expect(ready.status == 200)
            #expect(try await server.infer("echo").status == 404)
        }
    }

    @Test func `when a drain begins it isn't ready any more and goes on serving`() async throws {
        let repository = Repository().addIdentity("echo")
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            server.assembly.health.beginDrain()
            let ready = try await server.get("/v2/health/ready")
            #expect(ready.status == 503)
            #expect(ready.text.hasPrefix("{"))
            #expect(try await server.get("/v2/health/live").status == 200)
            #expect(try await server.infer("echo").status == 200)
        }
    }

    @Test func `a server that drains before its models are loaded never says that it is ready`() async throws {
        let repository = Repository().addIdentity("echo")
        let assembly = try ServerAssembly(RunningServer.configuration(repository))
        assembly.health.beginDrain()
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await assembly.run() }
                while !assembly.manager.isSettled { try await Task.sleep(for: .milliseconds(2)) }
                trigger.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
        let log = repository.folder.text(of: ".log")
        #expect(log.contains("The server has stopped"))
        #expect(!log.contains("Server is ready"))
    }

    @Test func `what was accepted before the shutdown is answered`() async throws {
        let repository = Repository().addIdentity("slow", delayMilliseconds: 500, more: "instance_group { count: 1 }")
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<3 { tasks.addTask { try await server.infer("slow").status } }
                // One runs and two wait for it.
                try await server.waitUntil { $0.assembly.pending(of: "slow") == 2 }
                server.shutDown()
                for try await status in tasks { #expect(status == 200) }
            }
        }
        #expect(repository.folder.text(of: ".log").contains("The server has stopped"))
    }

    @Test func `after the shutdown nobody listens`() async throws {
        let repository = Repository().addIdentity("echo")
        let configuration = RunningServer.configuration(repository)
        nonisolated(unsafe) var ended: RunningServer?
        try await RunningServer.with(configuration) { unsafe ended = $0 }
        let server = try #require(unsafe ended)
        await #expect(throws: (any Error).self) { try await server.get("/v2/health/live") }
    }

    @Test(arguments: [true, false]) func `a busy port is an error that names it`(_ isMetricsPort: Bool) async throws {
        let repository = Repository().addIdentity("echo")
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            let other = Repository().addIdentity("echo")
            var configuration = RunningServer.configuration(other)
            let port = try #require(server.addresses.httpPort)
            if isMetricsPort { configuration.metricsPort = port } else { configuration.httpPort = port }
            let busy = configuration
            let error = await #expect(throws: RuntimeFailure.self) { try await ServerAssembly(busy).run() }
            #expect(error?.code == .bind)
            #expect(error?.message.hasPrefix("can't listen on 127.0.0.1:\(port): ") == true)
            #expect(error?.message.contains("Address already in use. Is another server running there?") == true)
            let answer = try await server.infer("echo")
            #expect(answer.status == 200)
        }
    }

    @Test func `an address that isn't this machine's is an error that names it`() async throws {
        let repository = Repository().addIdentity("echo")
        var configuration = RunningServer.configuration(repository)
        configuration.host = "192.0.2.1"
        let foreign = configuration
        let error = await #expect(throws: RuntimeFailure.self) { try await ServerAssembly(foreign).run() }
        #expect(error?.message.contains("192.0.2.1:0") == true)
    }

    @Test func `a repository that isn't there is an error that names it`() async throws {
        let repository = Repository()
        var configuration = RunningServer.configuration(repository)
        configuration.models = "/nonexistent/models"
        let missing = configuration
        let error = await #expect(throws: RuntimeFailure.self) { try await ServerAssembly(missing).run() }
        #expect(error?.code == .repository)
        #expect(error?.message.contains("'/nonexistent/models' doesn't exist") == true)
        configuration.models = ""
        let unnamed = configuration
        let other = await #expect(throws: RuntimeFailure.self) { try await ServerAssembly(unnamed).run() }
        #expect(other?.message.contains("--models DIR (or APUS_MODELS") == true)
    }

    @Test func `a log file that can't be opened is an error that names it`() async throws {
        var configuration = RunningServer.configuration(Repository())
        configuration.logFile = "/nonexistent/log"
        let error = #expect(throws: (any Error).self) { try ServerAssembly(configuration) }
        #expect("\(error as Any)".contains("/nonexistent/log"))
    }

    @Test func `a server that is cancelled ends`() async throws {
        let repository = Repository().addIdentity("echo")
        let assembly = try ServerAssembly(RunningServer.configuration(repository))
        let (ready, continuation) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try? await assembly.run { _ in continuation.yield() } }
            _ = await ready.first { _ in true }
            tasks.cancelAll()
        }
    }
}

extension RunningServer {
    /// Asks again and again until a condition holds.
    fileprivate func waitUntil(_ condition: (RunningServer) -> Bool) async throws {
        while !condition(self) { try await Task.sleep(for: .milliseconds(2)) }
    }
}

extension ServerAssembly {
    /// Requests of a model that wait for an instance.
    fileprivate func pending(of model: String) -> Int? {
        manager.liveVersions().first { $0.id.name.description == model }?.servable.front.statistics().pending
    }
}
