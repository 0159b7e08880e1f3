import ApusCore
import ApusProtos
import GRPCCore
import SwiftProtobuf
import Synchronization
import Testing

/// HandleReloadConfigRequest over a transport within the process.
struct TensorFlowReloadTests {
    /// Notes what it is asked to do; can't serve `bad`, and fails in the words of a server that can't do it at all.
    private final class Control: ModelControl {
        let isExplicit = true
        private let state = Mutex<[String]>([])

        var calls: [String] { state.withLock { $0 } }

        func load(_ name: ModelName, overrides: ModelOverrides) async throws(InferenceError) {
            state.withLock { $0.append("load \(name)") }
        }

        func unload(_ name: ModelName, withDependents: Bool) async throws(InferenceError) {
            state.withLock { $0.append("unload \(name)") }
        }

        func serve(only names: [ModelName]) async throws(InferenceError) {
            let words = names.map(\.description)
            state.withLock { $0.append("serve \(words.joined(separator: ","))") }
            if words.contains("bad") { throw InferenceError(.notFound, "no folder of this name") }
            if words.contains("busy") { throw InferenceError.modelControlIsOff }
        }
    }

    private let control = Control()

    private func reload(
        _ request: Tensorflow_Serving_ReloadConfigRequest,
        control: any ModelControl,
        gate: any Gate = FakeGate()
    ) async throws -> RPCError? {
        var server = FakeServer(models: [FakeModel.identity(.fp32, name: "a"), FakeModel.identity(.fp32, name: "b")])
        server.control = control
        server.gate = gate
        return try await server.refusal { client in
            let response: Tensorflow_Serving_ReloadConfigResponse = try await client.ask(
                Tensorflow_Serving_ModelService.Method.HandleReloadConfigRequest.descriptor,
                request
            )
            #expect(response.status.errorCode == .ok)
        }
    }

    private func list(
        _ names: [String],
        _ change: (inout Tensorflow_Serving_ModelConfig) -> Void = { _ in }
    ) -> Tensorflow_Serving_ReloadConfigRequest {
        .with {
            $0.config.modelConfigList.config = names.map { name in
                .with {
                    $0.name = name
                    change(&$0)
                }
            }
        }
    }

    @Test func `the listed models are to be served and no others`() async throws {
        let paths = list(["c", "a", "d"]) {
            $0.basePath = "/models/\($0.name)/"
            $0.modelPlatform = "tensorflow"
            $0.modelVersionPolicy.latest.numVersions = 1
        }
        #expect(try await reload(paths, control: control) == nil)
        #expect(try await reload(list([]), control: control) == nil)
        #expect(control.calls == ["serve c,a,d", "serve "])
    }

    @Test func `where all models are served, the same list changes nothing`() async throws {
        #expect(try await reload(list(["b", "a"]), control: NoModelControl()) == nil)
    }

    @Test func `a model that can't be loaded is the call's failure, in its own words`() async throws {
        let error = try await reload(list(["c", "bad", "d"]), control: control)
        #expect(error?.code == .notFound && error?.message == "no folder of this name")
        let busy = try await reload(list(["busy"]), control: control)
        #expect(busy?.code == .unavailable)
    }

    @Test func `where all models are served, their list stays`() async throws {
        for names in [["a"], ["a", "b", "c"], []] {
            let error = try await reload(list(names), control: NoModelControl())
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.contains("--model-control-mode explicit") == true)
        }
    }

    @Test func `what a request can't say is refused before anything is done`() async throws {
        typealias Request = Tensorflow_Serving_ReloadConfigRequest
        let cases: [(Request, RPCError.Code, String)] = [
            (Request(), .invalidArgument, "ServerConfig type not supported by HandleReloadConfigRequest."),
            (.with { $0.config.customModelConfig = .init() }, .invalidArgument, "ServerConfig type not supported"),
            (list([""]), .invalidArgument, "illegal model name"),
            (list(["c", "../d"]), .invalidArgument, "illegal model name '../d'"),
            (list(["c", "c"]), .invalidArgument, "Illegal to list model c multiple times in config list"),
            (list(["c"]) { $0.basePath = "/etc" }, .invalidArgument, "model 'c' can't be loaded from '/etc'"),
            (
                list(["c"]) { $0.modelVersionPolicy.all = .init() }, .unimplemented,
                "'model_version_policy' of model 'c'"
            ),
            (
                list(["c"]) { $0.modelVersionPolicy.specific.versions = [1] }, .unimplemented,
                "'model_version_policy' of model 'c'"
            ),
            (
                list(["c"]) { $0.modelVersionPolicy.latest.numVersions = 2 }, .unimplemented,
                "'model_version_policy' of model 'c'"
            ),
            (list(["c"]) { $0.versionLabels = ["stable": 1] }, .unimplemented, "'version_labels' of model 'c'"),
        ]
        for (request, code, words) in cases {
            let error = try await reload(request, control: control)
            #expect(error?.code == code && error?.message.hasPrefix(words) == true, "\(words): \(error as Any)")
        }
        #expect(control.calls.isEmpty)
    }

    @Test func `the gate is asked for each model`() async throws {
        let gate = FakeGate { _, model in
            model?.description == "d" ? .deny(InferenceError(.permissionDenied, "not this one")) : .allow(.anonymous)
        }
        let error = try await reload(list(["c", "d"]), control: control, gate: gate)
        #expect(error?.code == .permissionDenied && control.calls.isEmpty)
        #expect(gate.questions == ["modelReload - ", "modelReload c ", "modelReload d "])
    }
}
