import ApusCore
import Testing

@testable import ApusHTTP

struct RouteTableTests {
    /// What a path leads to, in words.
    private enum Outcome: Equatable {
        case found(Operation, model: String?, version: String?)
        case notFound
        case wrongVerb([String])
    }

    private let table = RouteTable(operations: Operation.allCases)

    private func find(_ verb: HTTPRoute.Verb?, _ path: String) -> Outcome {
        let bytes = Array(path.utf8)
        switch table.find(verb, bytes.span) {
        case .found(let match): return .found(match.operation, model: match.model, version: match.version)
        case .notFound: return .notFound
        case .wrongVerb(let allowed): return .wrongVerb(allowed)
        }
    }

    /// A route with its braces filled in.
    static func path(
        of route: HTTPRoute,
        model: String = "m",
        version: String = "3",
        repository: String = "r"
    ) -> String {
        route.pattern.replacing("{model}", with: model)
            .replacing("{version}", with: version)
            .replacing("{number}", with: version)
            .replacing("{label}", with: "stable")
            .replacing("{repository}", with: repository)
            .replacing("{region}", with: repository)
    }

    private static let walk = Operation.allCases.flatMap { operation in operation.routes.map { (operation, $0) } }

    @Test(arguments: walk) func `every route of every operation leads to it`(_ operation: Operation, _ route: HTTPRoute)
    {
        #expect(
            find(route.verb, RouteTableTests.path(of: route))
                == .found(
                    operation,
                    model: route.pattern.contains("{model}") ? "m" : nil,
                    version: ["{version}", "{number}"].contains(where: route.pattern.contains) ? "3" : nil
                )
        )
    }

    @Test(arguments: walk) func `a route says in whose words it is, and its label`(
        _ operation: Operation,
        _ route: HTTPRoute
    ) throws {
        let bytes = Array(RouteTableTests.path(of: route).utf8)
        guard case .found(let found) = table.find(route.verb, bytes.span) else {
            Issue.record("not found")
            return
        }
        #expect(found.form == route.form)
        #expect(found.label == (route.pattern.contains("{label}") ? "stable" : nil))
    }

    @Test(arguments: [
        ("/V1/MODELS/Mm:PREDICT", Operation.infer, "Mm"), ("/v1/Models/%4D%6d:Predict", .infer, "Mm"),
        ("/v1/models/m/VERSIONS/3:regress", .infer, "m"), ("/v1/models/m/Labels/Stable:classify", .infer, "m"),
        ("/v1/models/%3A:predict", .infer, ":"),
    ])
    func `TensorFlow Serving's routes are read without regard to case, names are not`(
        _ path: String,
        _ operation: Operation,
        _ model: String
    ) {
        let isVersion = path.contains("/3:")
        #expect(find(.post, path) == .found(operation, model: model, version: isVersion ? "3" : nil))
    }

    @Test(arguments: [
        "/v1/models/m:", "/v1/models/:predict", "/v1/models/m:predict:predict", "/v1/models/m:explain",
        "/v1/models/m:predict/", "/v1/models/m:predict/metadata", "/v1/models/m/versions/x:predict",
        "/v1/models/m/versions/3/labels/x:predict", "/v1/models/m/versions/:predict", "/v1/models/m/labels/:predict",
        "/v1/models/m/labels", "/v1/models/m/versions/3x", "/v1/models/m%3Apredict/x", "/v1/models/m:infer",
        "/v2/models/m:predict/infer/x",
    ])
    func `what isn't quite one of them leads nowhere`(_ path: String) {
        for verb in [HTTPRoute.Verb.get, .post] { #expect(find(verb, path) == .notFound) }
    }

    @Test func `every operation that HTTP has has a route, and no two share one`() {
        #expect(Operation.allCases.allSatisfy { !$0.routes.isEmpty || $0 == .modelReload })
        #expect(Set(RouteTableTests.walk.map(\.1)).count == RouteTableTests.walk.count)
    }

    @Test(arguments: walk) func `a wrong verb is told the right one`(_ operation: Operation, _ route: HTTPRoute) {
        let path = RouteTableTests.path(of: route)
        // A path may be looked at with one verb and asked something with another.
        let verbs = RouteTableTests.walk.map(\.1).filter { $0.pattern == route.pattern }.map(\.verb)
        let refusal = Outcome.wrongVerb(verbs.map(\.rawValue))
        for verb in [HTTPRoute.Verb.get, .post] where !verbs.contains(verb) { #expect(find(verb, path) == refusal) }
        #expect(find(nil, path) == refusal)
    }

    @Test(arguments: walk) func `nothing near a route is one`(_ operation: Operation, _ route: HTTPRoute) {
        let path = RouteTableTests.path(of: route)
        let known = Set(RouteTableTests.walk.map { RouteTableTests.path(of: $0.1) })
        var near = [
            path + "/", path + "/x", path + "//", "/" + path, path.uppercased(), path + "%2F", path + ";x", " " + path,
        ]
        near += path.indices.map { String(path[..<$0]) }
        near.append(String(path.dropFirst()))
        near.append(path.replacing("/v2", with: "/v2/"))
        near.append(path.replacing("/v2", with: "/%762"))
        let isFree = { (other: String) in
            !known.contains(other) && !(other.hasPrefix("/V1") && known.contains(other.lowercased()))
        }
        for other in near where isFree(other) {
            for verb in [HTTPRoute.Verb.get, .post, nil] {
                let outcome = find(verb, other)
                // Whatever is not a route may still name a model.
                if case .found(_, .some, _) = outcome { continue }
                let openPaths = [
                    "/v2/models/", "/v2/repository/", "/v2/systemsharedmemory/", "/v2/cudasharedmemory/",
                    "/v1/models/", "/predict/",
                ]
                if case .wrongVerb = outcome, openPaths.contains(where: other.lowercased().hasPrefix) { continue }
                #expect(outcome == .notFound, "\(verb?.rawValue ?? "other") \(other)")
            }
        }
    }

    @Test(arguments: [
        "", "//", "/v", "/v1", "/v1/", "/v1/models/", "/v1//models", "/v22", "/V2", "v2", "/v2/health", "/v2/health/",
        "/v2/health/live/",
        "/v2//health/live",
        "/v2/models/", "/v2/models//ready", "/v2/models/m/", "/v2/models/m/versions", "/v2/models/m/versions/",
        "/v2/models/m/versions//infer", "/v2/models/m/versions/3/", "/v2/models/m/infer/", "/v2/models/m/INFER",
        "/v2/models/m/unknown", "/v2/repository", "/v2/repository/", "/v2/repository//index", "/metrics/x", "/metricsx",
        "/v2/models/m/versions/3/infer/x", "/v2/models/m/x/3/infer", "*", "/\0", "/v2\0",
    ])
    func `an unknown path is not found, whatever the verb`(_ path: String) {
        for verb in [HTTPRoute.Verb.get, .post, nil] { #expect(find(verb, path) == .notFound, "\(path)") }
    }

    @Test(arguments: [
        ("a%2Eb", "a.b"), ("%6d", "m"), ("m%20n", "m n"), ("a%2Fb", "a/b"), ("%2e%2e", ".."), ("..", ".."),
        ("%00", "\0"),
        ("%C3%BC", "ü"), ("%", "%"), ("%2", "%2"), ("%zz", "%zz"), ("%2%65", "%2e"), ("%252e", "%2e"), ("a+b", "a+b"),
        ("%ff", "\u{fffd}"), ("versions", "versions"), ("infer", "infer"), ("models", "models"),
    ])
    func `model names are percent-decoded once`(_ segment: String, _ name: String) {
        #expect(find(.post, "/v2/models/\(segment)/infer") == .found(.infer, model: name, version: nil))
        #expect(find(.get, "/v2/models/\(segment)") == .found(.modelMetadata, model: name, version: nil))
    }

    @Test(arguments: [
        ("x", "x"), ("1x", "1x"), ("-1", "-1"), ("1.0", "1.0"), ("%31", "1"), ("latest", "latest"), ("a%2Fb", "a/b"),
    ])
    func `a version that is no number may be a label, and is decoded once`(_ segment: String, _ version: String) {
        #expect(find(.post, "/v2/models/m/versions/\(segment)/infer") == .found(.infer, model: "m", version: version))
        #expect(find(.get, "/v2/models/m/versions/\(segment)") == .found(.modelMetadata, model: "m", version: version))
    }

    @Test(arguments: ["0", "1", "007", "18446744073709551616", "99999999999999999999999999999999999999"])
    func `digits are a version whatever their number`(_ version: String) {
        #expect(find(.post, "/v2/models/m/versions/\(version)/infer") == .found(.infer, model: "m", version: version))
    }

    @Test func `a model may be called like a word of the protocol`() {
        #expect(find(.get, "/v2/models/stats") == .found(.modelStatistics, model: nil, version: nil))
        #expect(find(.post, "/v2/models/stats/infer") == .found(.infer, model: "stats", version: nil))
        #expect(find(.get, "/v2/models/stats/ready") == .found(.modelReady, model: "stats", version: nil))
        #expect(find(.get, "/v2/models/stats/versions/1") == .found(.modelMetadata, model: "stats", version: "1"))
        #expect(find(.post, "/v2/models/versions/infer") == .found(.infer, model: "versions", version: nil))
    }

    @Test func `a repository may be called index`() {
        #expect(find(.post, "/v2/repository/index/index") == .found(.repositoryIndex, model: nil, version: nil))
    }

    @Test func `a port offers its own operations only`() {
        let port = RouteTable(operations: [.metrics])
        for (operation, route) in RouteTableTests.walk where operation != .metrics {
            let bytes = Array(RouteTableTests.path(of: route).utf8)
            guard case .notFound = port.find(route.verb, bytes.span) else {
                Issue.record("\(route)")
                continue
            }
        }
    }

    @Test func `random paths never trap`() {
        var random = SplitMix.seeded("random paths")
        let pieces = [
            "/", "v2", "models", "m", "versions", "3", "infer", "ready", "%", "%2", "%2F", "\0", "stats", "..", "ü", "",
        ]
        for _ in 0..<20_000 {
            let path = (0..<Int.random(in: 0...10, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            _ = find([HTTPRoute.Verb.get, .post, nil].randomElement(using: &random) ?? nil, path)
        }
    }

    @Test(arguments: [
        ("/v2/systemsharedmemory/region/a%2Fb/register", Operation.systemSharedMemoryRegister, "a/b"),
        ("/v2/systemsharedmemory/region/r/unregister", .systemSharedMemoryUnregister, "r"),
        ("/v2/repository/r/models/m/load", .modelLoad, "r"),
    ])
    func `a segment of another name is kept`(_ path: String, _ operation: Operation, _ subject: String) {
        let bytes = Array(path.utf8)
        guard case .found(let match) = table.find(.post, bytes.span) else {
            Issue.record("not found")
            return
        }
        #expect(match.operation == operation)
        #expect(match.subject == subject)
    }
}
