import ApusClient
import ApusCore
import ApusModels
import Synchronization
import Testing

@testable import ApusServer

/// Ensembles from their files to live, in a whole server without other engines than the built-in one.
struct EnsembleLoadingTests {
    private static let frame = """
        platform: "ensemble"
        input { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] }
        output { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] }

        """

    private func step(_ model: String, _ input: String, _ output: String, version: Int = -1) -> String {
        "step { model_name: '\(model)' model_version: \(version) input_map { key: 'IN' value: '\(input)' } "
            + "output_map { key: 'OUT' value: '\(output)' } }\n"
    }

    private func ensemble(_ steps: String..., frame: String = frame) -> String {
        frame + "ensemble_scheduling {\n" + steps.joined() + "}"
    }

    /// The reasons why models can't be served, by name; the live ones have an empty one.
    private func load(_ repository: Repository) async throws -> [String: String] {
        let reasons = Mutex<[String: String]>([:])
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            for entry in server.assembly.manager.index() { reasons.withLock { $0[entry.name] = entry.reason } }
        }
        return reasons.withLock { $0 }
    }

    @Test func `an ensemble answers as its members do one after the other`() async throws {
        let repository = Repository().addIdentity("z1").addIdentity("z2")
        repository.add("a", ensemble(step("z1", "IN", "t"), step("z2", "t", "OUT")))
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            let answer = try await server.infer("a")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.text.contains(#""name":"OUT""#) && answer.text.contains("[1.0,2.5]"), "\(answer.text)")
            let metadata = try await server.get("/v2/models/a")
            #expect(metadata.text.contains(#""platform":"ensemble""#), "\(metadata.text)")
            let configuration = try await server.get("/v2/models/a/config")
            #expect(configuration.text.contains(#""ensemble_scheduling":{"step":[{"model_name":"z1""#))
            let statistics = try await server.get("/v2/models/a/stats")
            #expect(statistics.text.contains(#""inference_count":1"#), "\(statistics.text)")
        }
    }

    @Test func `apus.yaml is enough, without a version folder and without types and shapes`() async throws {
        let repository = Repository().addIdentity("z", more: "max_batch_size: 4")
        repository.folder.write(
            "e/apus.yaml",
            """
            ensemble:
              max_batch_size: 4
              steps:
                - model: z
                  version: 1
                  inputs: { IN: IN }
                  outputs: { OUT: half }
                - { model: z, inputs: { IN: half }, outputs: { OUT: whole } }
            """
        )
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            let answer = try await server.post(
                "/v2/models/e/infer",
                #"{"inputs":[{"name":"IN","shape":[1,2],"datatype":"FP32","data":[1,2.5]}]}"#
            )
            #expect(answer.text.contains(#""name":"whole""#) && answer.text.contains("[1.0,2.5]"), "\(answer.text)")
            let metadata = try await server.get("/v2/models/e")
            #expect(metadata.text.contains(#"{"name":"IN","datatype":"FP32","shape":[-1,-1]}"#), "\(metadata.text)")
            let configuration = try await server.get("/v2/models/e/config")
            #expect(configuration.text.contains(#""max_batch_size":4"#))
            #expect(configuration.text.contains(#""model_version":1,"input_map":{"IN":"IN"}"#), "\(configuration.text)")
            #expect(configuration.text.contains(#""data_type":"TYPE_FP32""#))
        }
    }

    @Test func `members come first in whatever order, and an ensemble may be a member`() async throws {
        let repository = Repository().addIdentity("z")
        repository.add("a", ensemble(step("b", "IN", "OUT"))).add("b", ensemble(step("c", "IN", "OUT")))
        repository.add("c", ensemble(step("z", "IN", "OUT")))
        #expect(try await load(repository) == ["a": "", "b": "", "c": "", "z": ""])
    }

    @Test func `a circle of ensembles fails all of them with the way round`() async throws {
        let repository = Repository().addIdentity("z").add("selfish", ensemble(step("selfish", "IN", "OUT")))
        repository.add("a", ensemble(step("b", "IN", "OUT"))).add("b", ensemble(step("a", "IN", "OUT")))
        let reasons = try await load(repository)
        #expect(reasons["a"] == "models need each other in a circle: a -> b -> a; take one out of it")
        #expect(reasons["b"] == reasons["a"])
        #expect(reasons["selfish"]?.contains("selfish -> selfish") == true)
        #expect(reasons["z"] == "")
    }

    @Test func `a member that isn't there, or not in the version wanted, is named`() async throws {
        let repository = Repository().addIdentity("z").add("a", ensemble(step("y", "IN", "OUT")))
        repository.add("b", ensemble(step("z", "IN", "OUT", version: 7)))
        repository.add("broken", #"name: "other""#).add("c", ensemble(step("broken", "IN", "OUT")))
        let reasons = try await load(repository)
        #expect(reasons["a"]?.hasPrefix("it needs model 'y', which isn't in the repository") == true)
        #expect(
            reasons["b"]?.hasPrefix("b/config.pbtxt: step 1 needs model 'z': Request for unknown model: 'z' version 7")
                == true
        )
        #expect(reasons["c"]?.hasPrefix("it needs model 'broken', which can't be served: broken/config.pbtxt") == true)
    }

    @Test func `steps that wait for each other are refused with the way round`() async throws {
        let repository = Repository().addIdentity("x").addIdentity("y")
        repository.add("a", ensemble(step("x", "u", "t"), step("y", "t", "u"), step("x", "IN", "OUT")))
        let reason = try await load(repository)["a"]
        #expect(reason?.contains("a/config.pbtxt:5:6: the step for model 'x' can never run") == true, "\(reason ?? "")")
        #expect(reason?.contains("break the cycle 'x' -> 'y' -> 'x'") == true, "\(reason ?? "")")
    }

    @Test func `types and shapes that don't fit are refused with both ends`() async throws {
        let repository = Repository().addIdentity("z")
        repository.add(
            "ints",
            """
            backend: "builtin" parameters { key: "kind" value { string_value: "identity" } }
            input { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] }
            output { name: "OUT" data_type: TYPE_INT32 dims: [ -1 ] }
            """
        )
        repository.add(
            "flat",
            """
            backend: "builtin" parameters { key: "kind" value { string_value: "identity" } }
            max_batch_size: 2 input { name: "IN" data_type: TYPE_FP32 dims: [ 3 ] }
            output { name: "OUT" data_type: TYPE_FP32 dims: [ 3 ] }
            """
        )
        repository.add("a", ensemble(step("z", "IN", "t"), step("ints", "t", "OUT")))
        repository.add("b", ensemble(step("z", "IN", "t"), step("flat", "t", "OUT")))
        repository.add("c", ensemble(step("flat", "IN", "OUT"), frame: "max_batch_size: 8\n" + Self.frame))
        repository.folder.write(
            "d/apus.yaml",
            "ensemble: { steps: [ { model: z, inputs: { INN: x }, outputs: { OUT: y } } ] }"
        )
        let reasons = try await load(repository)
        #expect(
            reasons["a"]?.contains(
                "tensor 't' is TYPE_FP32 as output 'OUT' of model 'z', but TYPE_INT32 as input 'IN' of model 'ints'"
            ) == true
        )
        #expect(reasons["b"]?.contains("tensor 't' has the shape [-1] as output 'OUT' of model 'z'") == true)
        #expect(reasons["c"]?.contains("'max_batch_size' is 8, but model 'flat' takes at most 2") == true)
        #expect(reasons["d"]?.contains("d/apus.yaml: ensemble: ") == true, "\(reasons["d"] ?? "")")
        #expect(reasons["d"]?.contains("model 'z' has no input 'INN'; did you mean 'IN'?") == true)
    }

    @Test func `what its members have to say is refused in an ensemble`() async throws {
        let repository = Repository().addIdentity("z").add("a", ensemble(step("z", "IN", "OUT")))
        repository.folder.write("a/apus.yaml", "scheduling: { latency_goal: 20ms }")
        let frame = "model_transaction_policy { decoupled: true }\n" + Self.frame
        repository.add("b", ensemble(step("z", "IN", "OUT"), frame: frame))
        repository.add(
            "c",
            ensemble(
                step("z", "IN", "OUT"),
                frame: Self.frame.replacing("output { ", with: "output { reshape { shape: [ -1 ] } ")
            )
        )
        let reasons = try await load(repository)
        #expect(reasons["a"]?.contains("a/config.pbtxt: apus.yaml has scheduling, but an ensemble's requests") == true)
        #expect(reasons["b"]?.contains("an ensemble gives exactly one answer") == true, "\(reasons["b"] ?? "")")
        #expect(reasons["c"]?.contains("'OUT' has a reshape") == true, "\(reasons["c"] ?? "")")
    }

    @Test func `too many steps, and names that can't be models', are refused`() async throws {
        let repository = Repository().addIdentity("z").add("a", ensemble(step("../z", "IN", "OUT")))
        let chain = (0..<257).map { step("z", $0 == 0 ? "IN" : "t\($0)", $0 == 256 ? "OUT" : "t\($0 + 1)") }
        repository.add("b", Self.frame + "ensemble_scheduling {\n" + chain.joined() + "}")
        let reasons = try await load(repository)
        #expect(reasons["a"]?.contains("asks a model whose name can't be one") == true, "\(reasons["a"] ?? "")")
        #expect(reasons["b"]?.contains("the ensemble has 257 steps; at most 256 are run") == true)
    }

    @Test func `a batch needs a batch dimension in a member without max_batch_size`() async throws {
        let repository = Repository().addIdentity("z")
        repository.add("a", ensemble(step("z", "IN", "OUT"), frame: "max_batch_size: 8\n" + Self.frame))
        let reason = try await load(repository)["a"]
        #expect(reason?.contains("has the shape [-1] as the ensemble's input") == true, "\(reason ?? "")")
    }

    @Test func `apus check names an ensemble's faults`() async throws {
        let repository = Repository().addIdentity("z").add("a", ensemble(step("y", "IN", "OUT")))
        var configuration = RunningServer.configuration(repository)
        configuration.cpuBudget = 1
        let report = try await RepositoryCheck(configuration).run()
        #expect(!report.isWell)
        #expect(report.text.hasPrefix("FAIL a version 1: it needs model 'y', which isn't in the repository"))
        #expect(report.text.contains("ok   z version 1"))
    }

    @Test func `an error of a step names the way, and its status is the member's`() async throws {
        let repository = Repository().add(
            "three",
            """
            backend: "builtin" parameters { key: "kind" value { string_value: "identity" } }
            input { name: "IN" data_type: TYPE_FP32 dims: [ 3 ] }
            output { name: "OUT" data_type: TYPE_FP32 dims: [ 3 ] }
            """
        )
        repository.add("odd", ensemble(step("three", "IN", "OUT")))
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            let answer = try await server.infer("odd")
            #expect(answer.status == 400)
            #expect(
                answer.text.contains(
                    "[request id: 1] in ensemble 'odd', step 1 'three': unexpected shape for input 'IN' for model 'three'"
                ),
                "\(answer.text)"
            )
        }
    }

    @Test func `a member that goes leaves an ensemble that says which step lacks it`() async throws {
        let repository = Repository().addIdentity("z").add("e", ensemble(step("z", "IN", "OUT")))
        try await RunningServer.with(RunningServer.configuration(repository)) { server in
            let listing = try await server.assembly.listRepository()
            await server.assembly.manager.loadAll(
                RepositoryListing(models: listing.models.filter { $0.name.description == "e" })
            )
            let answer = try await server.infer("e")
            #expect(answer.status == 503, "\(answer.text)")
            #expect(
                answer.text.contains("in ensemble 'e', step 1 'z': Request for unknown model: 'z'"),
                "\(answer.text)"
            )
        }
    }
}
