import Testing

@testable import ApusServer

struct BoundPortsTests {
    @Test func `the ports are there when all are bound`() async throws {
        let bound = BoundPorts([.http, .grpc, .metrics])
        bound.note(.metrics, 2)
        bound.note(.grpc, 3)
        async let ports = bound.all()
        bound.note(.http, 1)
        let all = try #require(await ports)
        #expect(all == [.http: 1, .metrics: 2, .grpc: 3])
    }

    @Test func `a port that is off isn't waited for`() async throws {
        let bound = BoundPorts([.grpc, .metrics])
        bound.note(.metrics, 2)
        bound.note(.grpc, 3)
        #expect(await bound.all() == [.metrics: 2, .grpc: 3])
    }

    @Test func `a cancelled wait ends without ports`() async {
        let bound = BoundPorts([.http, .metrics])
        bound.note(.metrics, 2)
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask { await bound.all() == nil }
            tasks.cancelAll()
            for await isNil in tasks { #expect(isNil) }
        }
    }
}
