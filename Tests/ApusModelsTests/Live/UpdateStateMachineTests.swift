import ApusCore
import Testing

@testable import ApusModels

/// Looks at a source that are asked for while others are under way.
struct UpdateStateMachineTests {
    private var machine = UpdateStateMachine()

    @Test mutating func `one look is under way, and all who come meanwhile share the next`() {
        #expect(machine.report(of: nil) == nil)
        #expect(machine.requested() == .begin(1))
        #expect([machine.requested(), machine.requested()] == [.wait(2), .wait(2)])
        #expect(machine.report(of: 1)?.state == .running && machine.report(of: 2)?.state == .waiting)
        #expect(machine.looked(1, failure: nil) == 2)
        // What the first found is still being loaded, and the second looks already.
        #expect(machine.report(of: 1)?.state == .running && machine.report(of: 2)?.state == .running)
        #expect(machine.requested() == .wait(3))
        #expect(machine.looked(2, failure: "gone") == 3)
        #expect(machine.report(of: 2) == SourceUpdateReport(number: 2, state: .failed, reason: "gone"))
        machine.loaded(upTo: 1)
        #expect(machine.report(of: 1)?.state == .done && machine.report(of: 3)?.state == .running)
        #expect(machine.looked(3, failure: nil) == nil)
        #expect(machine.report(of: 3)?.state == .running)
        let failure = SourceUpdateReport.Failure(model: "iris", version: "2", reason: "no model")
        machine.loaded(upTo: 3, failures: [failure])
        #expect(machine.report(of: 3)?.state == .done)
        #expect(machine.report(of: 3)?.failures == [failure] && machine.report(of: 1)?.failures == [])
        #expect(machine.requested() == .begin(4))
    }

    @Test mutating func `the end of a look that isn't under way changes nothing`() {
        #expect(machine.looked(1, failure: nil) == nil)
        #expect(machine.requested() == .begin(1))
        #expect(machine.looked(7, failure: nil) == nil)
        #expect(machine.report(of: nil)?.state == .running)
    }

    @Test mutating func `only the newest reports are kept`() {
        for _ in 0..<200 {
            guard case .begin(let number) = machine.requested() else { return }
            _ = machine.looked(number, failure: nil)
            machine.loaded(upTo: number)
        }
        #expect(machine.report(of: 1) == nil && machine.report(of: 200)?.state == .done)
    }
}
