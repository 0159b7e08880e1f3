import ApusCore
import Testing

@testable import ApusServer

struct RepositoryCheckTests {
    private func check(_ path: String) async throws -> RepositoryCheck.Report {
        var configuration = ServerConfiguration()
        configuration.models = path
        configuration.enginePath = "/nonexistent"
        configuration.cpuBudget = 1
        let folder = TemporaryFolder()
        configuration.logFile = folder.place("log")
        return try await RepositoryCheck(configuration).run()
    }

    @Test func `everything well`() async throws {
        let repository = Repository().addIdentity("b").addIdentity("a")
        let report = try await check(repository.path)
        #expect(report.text == "ok   a version 1\nok   b version 1\n2 can be served, 0 can't\n")
        #expect(report.isWell)
    }

    @Test func `what can't be served is named with its reason`() async throws {
        let repository = Repository().addIdentity("good").add("bad", #"name: "other""#)
        repository.folder.write("worse/1/model.onnx", "not read")
        repository.folder.makeFolder("not a name/1")
        let report = try await check(repository.path)
        let lines = report.text.split(separator: "\n").map(String.init)
        #expect(lines.count == 5)
        #expect(lines.first { $0.contains(" bad") }?.contains("FAIL bad: bad/config.pbtxt: name is 'other'") == true)
        #expect(lines.contains("ok   good version 1"))
        #expect(lines.first { $0.contains("not a name") }?.hasPrefix("FAIL not a name: ") == true)
        #expect(lines.first { $0.contains("worse") }?.hasPrefix("FAIL worse version 1: ") == true)
        #expect(lines.last == "1 can be served, 3 can't")
        #expect(!report.isWell)
    }

    @Test func `fields that change nothing are named, and the model is well`() async throws {
        let repository = Repository().addIdentity("a", more: "model_operations { op_library_filename: \"x.so\" }")
        let report = try await check(repository.path)
        let note = report.text.split(separator: "\n").first { $0.hasPrefix("note a: ") }
        #expect(note?.contains("config.pbtxt has fields that are read and not acted on: model_operations") == true)
        #expect(report.isWell)
    }

    @Test func `the folder of an ensemble isn't a repository, and its report says which is`() async throws {
        let repository = Repository()
        repository.folder.write("apus.yaml", "ensemble: {}")
        let report = try await check(repository.path)
        #expect(report.text.contains("'apus.yaml' lies directly in the repository"))
        #expect(report.text.contains("say --models with the folder above it"))
        #expect(!report.isWell)
    }

    @Test func `an empty repository isn't well`() async throws {
        let repository = Repository()
        let report = try await check(repository.path)
        #expect(
            report.text
                == "no models found: put each in a folder of its own, as in iris/1/model.onnx\n0 can be served, 0 can't\n"
        )
        #expect(!report.isWell)
    }

    @Test func `a repository that isn't there, or isn't named, is a failure`() async {
        let missing = await #expect(throws: RuntimeFailure.self) { try await check("/nonexistent/models") }
        #expect(
            missing?.message
                == "model repository '/nonexistent/models' doesn't exist: create the folder or name another one"
        )
        let unnamed = await #expect(throws: RuntimeFailure.self) { try await check("") }
        #expect(unnamed?.message.hasPrefix("no model repository: say where the models are with --models DIR") == true)
    }
}
