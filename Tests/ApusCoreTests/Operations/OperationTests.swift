import ApusCore
import Testing

/// The table that edges and gate share.
struct OperationTests {
    @Test func `each route leads to one operation`() {
        let routes = Operation.allCases.flatMap(\.routes)
        #expect(Set(routes).count == routes.count)
        for operation in Operation.allCases where operation != .modelReload {
            #expect(!operation.routes.isEmpty, "\(operation)")
        }
    }

    @Test func `two routes of one shape differ in more than their variables' names`() {
        let shapes = Operation.allCases.flatMap(\.routes).map { route in
            let segments = route.pattern.split(separator: "/", omittingEmptySubsequences: false)
            return "\(route.verb) "
                + segments.map { $0.hasPrefix("{") ? "{}" + $0.split(separator: "}").dropFirst().joined() : String($0) }
                .joined(separator: "/")
        }
        #expect(Set(shapes).count == shapes.count)
    }

    @Test func `patterns are absolute and their variables known`() {
        for route in Operation.allCases.flatMap(\.routes) {
            #expect(route.pattern.hasPrefix("/"))
            #expect(!route.pattern.contains("//"))
            for segment in route.pattern.split(separator: "/") where segment.contains("{") || segment.contains("}") {
                let variable = segment.prefix { $0 != ":" }
                let known = ["{model}", "{version}", "{number}", "{label}", "{repository}", "{region}"]
                #expect(known.contains(String(variable)))
            }
        }
    }

    @Test func `what changes or asks for an inference is posted, what looks is got`() {
        // Plain JSON may also ask with a few numbers in the URL.
        for operation in Operation.allCases where ![.predict, .modelReload].contains(operation) {
            let verbs = Set(operation.routes.map(\.verb))
            let isPosted = operation.isInference || operation.role == .operate || operation == .repositoryIndex
            #expect(verbs == (isPosted ? [.post] : [.get]), "\(operation)")
        }
    }

    @Test func `metrics alone are on the metrics port`() {
        #expect(Operation.allCases.filter(\.isOnMetricsPort) == [.metrics])
    }

    @Test func `roles include the ones before them`() {
        #expect(Role.infer < .observe)
        #expect(Role.observe < .operate)
        #expect(Role.operate < .admin)
        #expect(Operation.infer.role == .infer)
        #expect(Operation.modelConfiguration.role == .observe)
    }

    @Test func `a port that is closed for control refuses all of it, and leaves the rest to its gate`() {
        let gate = ControlGate(before: OpenGate())
        for operation in Operation.allCases {
            switch gate.decide(operation, model: nil, credentials: .none) {
            case .allow: #expect(operation.role < .operate, "\(operation)")
            case .deny(let error):
                #expect(operation.role == .operate, "\(operation)")
                #expect(error.code == .permissionDenied)
                #expect(error.message.contains("--control-on-inference-ports"))
            }
        }
        #expect(Operation.allCases.filter { $0.role == .operate }.count == 10)
    }

    @Test func `the open gate lets everybody do everything`() {
        for operation in Operation.allCases {
            guard case .allow(let caller) = OpenGate().decide(operation, model: nil, credentials: .none) else {
                Issue.record("\(operation) was denied")
                continue
            }
            #expect(caller == .anonymous)
        }
    }
}
