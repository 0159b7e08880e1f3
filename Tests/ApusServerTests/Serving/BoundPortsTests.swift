import Testing

@testable import ApusServer

struct BoundPortsTests {
    @Test func `both ports are there when both are bound`() async throws {
        let bound = BoundPorts()
        bound.note(metrics: 2)
        async let ports = bound.all()
        bound.note(http: 1)
        let both = try #require(await ports)
        #expect(both == (1, 2))
    }

    @Test func `a cancelled wait ends without ports`() async {
        let bound = BoundPorts()
        bound.note(metrics: 2)
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask { await bound.all() == nil }
            tasks.cancelAll()
            for await isNil in tasks { #expect(isNil) }
        }
    }
}
