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
        #expect(machine.ended(1, failure: nil) == 2)
        #expect(machine.report(of: 1)?.state == .done && machine.report(of: 2)?.state == .running)
        #expect(machine.requested() == .wait(3))
        #expect(machine.ended(2, failure: "gone") == 3)
        #expect(machine.report(of: 2) == SourceUpdateReport(number: 2, state: .failed, reason: "gone"))
        #expect(machine.ended(3, failure: nil) == nil)
        #expect(machine.requested() == .begin(4))
    }

    @Test mutating func `the end of a look that isn't under way changes nothing`() {
        #expect(machine.ended(1, failure: nil) == nil)
        #expect(machine.requested() == .begin(1))
        #expect(machine.ended(7, failure: nil) == nil)
        #expect(machine.report(of: nil)?.state == .running)
    }

    @Test mutating func `only the newest reports are kept`() {
        for _ in 0..<200 {
            guard case .begin(let number) = machine.requested() else { return }
            _ = machine.ended(number, failure: nil)
        }
        #expect(machine.report(of: 1) == nil && machine.report(of: 200)?.state == .done)
    }
}
