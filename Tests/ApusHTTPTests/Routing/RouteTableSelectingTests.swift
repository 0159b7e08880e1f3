import ApusCore
import Testing

@testable import ApusHTTP

struct RouteTableSelectingTests {
    private func selector(_ model: String, _ version: String? = nil) throws(InferenceError) -> ModelSelector {
        let path = "/v2/models/\(model)" + (version.map { "/versions/\($0)" } ?? "")
        let bytes = Array(path.utf8)
        guard case .found(let match) = RouteTable(operations: Operation.allCases).find(.get, bytes.span) else {
            throw InferenceError(.internalFailure, "not found")
        }
        return try match.selector()
    }

    private func error(_ model: String, _ version: String? = nil) -> InferenceError? {
        do throws(InferenceError) {
            _ = try selector(model, version)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a model and a version are selected`() throws {
        let name = try #require(ModelName("a.B-9_"))
        #expect(try selector("a.B-9_") == ModelSelector(name: name))
        #expect(
            try selector("a%2EB-9_", "12") == ModelSelector(name: name, version: .exact(#require(ModelVersion(12))))
        )
    }

    @Test(arguments: [
        "..", ".", "%2e%2e", "%2E", "a%2Fb", "..%2f..%2fetc", "a%5Cb", "%00", "a%00", "a%20b", "%", "a%zz", "%C3%BC",
        "%ff",
        "a:b", "a%0ab", String(repeating: "a", count: 256),
    ])
    func `a name that no model can have is a bad request`(_ model: String) {
        let error = error(model)
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "model")
        #expect(error?.expected == "[A-Za-z0-9._-]{1,255}")
    }

    @Test(arguments: ["...", "..a", "a..", "-", "_", String(repeating: "a", count: 255)])
    func `odd names are names`(_ model: String) throws {
        #expect(try selector(model).name.description == model)
    }

    @Test(arguments: [
        "0", "00", "01", "9223372036854775808", "18446744073709551617", String(repeating: "9", count: 400), "..",
        String(repeating: "a", count: 129),
    ])
    func `a version that no model can have is not found`(_ version: String) {
        let error = error("m", version)
        #expect(error?.code == .notFound)
        #expect(error?.message == "Request for unknown model: 'm' version \(version) is not found")
        #expect(error?.field == "version")
    }

    @Test(arguments: ["stable", "v1", "1.5", "-1", "a%2Eb", String(repeating: "a", count: 128)])
    func `what is no number is a label`(_ version: String) throws {
        let label = try #require(VersionLabel(version == "a%2Eb" ? "a.b" : version))
        #expect(try selector("m", version).version == .label(label))
    }

    @Test func `the highest version fits`() throws {
        let version = try #require(ModelVersion(Int64.max))
        #expect(try selector("m", "9223372036854775807").version == .exact(version))
    }
}
