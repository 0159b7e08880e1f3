import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

/// A member of a flight, with nothing behind it.
final class Guest: FlightMember {
    let deadline: MonotonicTime?

    init(deadline: Int64? = nil) {
        self.deadline = deadline.map { MonotonicTime(nanoseconds: $0) }
    }
}

/// A run, with nothing behind it.
final class Plane: Sendable {}

struct ResponseCacheStateTests {
    typealias State = ResponseCacheState<Int, Plane, Guest>

    static func key(_ number: UInt64, owner: UInt64 = 1) -> ResponseKey {
        ResponseKey(owner: owner, digest: (number, 0))
    }

    static func time(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    private let departure = State.Departure(reason: .canceled, nanoseconds: 5)

    /// What a request did, as a word.
    private func word(_ join: State.OnJoin) -> String {
        switch join {
        case .hit(let answer): "hit \(answer)"
        case .joins: "joins"
        case .leads: "leads"
        }
    }

    private func join(_ state: inout State, _ guest: Guest, _ plane: Plane, at now: Int64 = 0) -> String {
        word(state.join(Self.key(1), guest, flight: plane, now: Self.time(now)))
    }

    @Test func `equal requests share the run of the first and all get its answer`() {
        var state = State(byteLimit: 100)
        let plane = Plane()
        let guests = (0..<5).map { _ in Guest() }
        #expect(state.lookUp(Self.key(1), now: Self.time(0)).answer == nil)
        #expect(guests.map { join(&state, $0, plane) } == ["leads", "joins", "joins", "joins", "joins"])
        let end = state.ended(Self.key(1), plane, answer: (42, 10), expires: nil)
        #expect(end.members.map(ObjectIdentifier.init) == guests.map(ObjectIdentifier.init))
        #expect(end.departure == nil)
        #expect(state.flights == 0)
        #expect(state.lookUp(Self.key(1), now: Self.time(9)).answer == 42)
        #expect(state.lookUp(Self.key(1, owner: 2), now: Self.time(9)).answer == nil)
        #expect(state.ended(Self.key(1), plane, answer: (43, 10), expires: nil).members.isEmpty)
        #expect(state.lookUp(Self.key(1), now: Self.time(9)).answer == 42)
    }

    @Test func `an answer that came between look-up and joining is taken`() {
        var state = State(byteLimit: 100)
        let plane = Plane()
        #expect(join(&state, Guest(), plane) == "leads")
        _ = state.ended(Self.key(1), plane, answer: (1, 10), expires: nil)
        #expect(join(&state, Guest(), Plane()) == "hit 1")
    }

    @Test func `a failed run leaves nothing behind`() {
        var state = State(byteLimit: 100)
        let plane = Plane()
        #expect(join(&state, Guest(), plane) == "leads")
        #expect(state.ended(Self.key(1), plane, answer: nil, expires: nil).members.count == 1)
        #expect(state.count == 0)
        #expect(join(&state, Guest(), plane) == "leads")
    }

    @Test func `an answer is given until its time has come`() {
        var state = State(byteLimit: 100)
        let plane = Plane()
        #expect(join(&state, Guest(), plane) == "leads")
        _ = state.ended(Self.key(1), plane, answer: (1, 10), expires: Self.time(50))
        #expect(state.lookUp(Self.key(1), now: Self.time(49)).answer == 1)
        let late = state.lookUp(Self.key(1), now: Self.time(50))
        #expect(late.answer == nil)
        #expect(late.removed == 1)
        #expect(state.byteCount == 0)
        #expect(join(&state, Guest(), plane, at: 50) == "leads")
    }

    @Test func `a run goes on until the last of those who wait has left`() {
        var state = State(byteLimit: 100)
        let plane = Plane()
        let guests = (0..<3).map { _ in Guest() }
        for guest in guests { _ = join(&state, guest, plane) }
        #expect(state.leave(Self.key(1), guests[0], as: departure) == .askerLeft)
        #expect(state.leave(Self.key(1), guests[0], as: departure) == .isOver)
        #expect(state.leave(Self.key(1), guests[1], as: departure) == .othersWait)
        let end = state.ended(Self.key(1), plane, answer: (1, 1), expires: nil)
        #expect(end.members.map(ObjectIdentifier.init) == [ObjectIdentifier(guests[2])])
        #expect(end.departure == departure)
        let both = [Guest(), Guest()]
        for guest in both { _ = state.join(Self.key(3), guest, flight: plane, now: Self.time(0)) }
        #expect(state.leave(Self.key(3), both[0], as: departure) == .askerLeft)
        let second = State.Departure(reason: .rejected, nanoseconds: 6)
        #expect(state.leave(Self.key(3), both[1], as: second) == .isLast(plane, departure))
        let other = Plane()
        let last = Guest()
        _ = state.lookUp(Self.key(2), now: Self.time(0))
        _ = state.join(Self.key(2), last, flight: other, now: Self.time(0))
        #expect(state.leave(Self.key(2), last, as: departure) == .isLast(other, nil))
        #expect(state.flights == 0)
        // A request that comes now begins a run of its own; the end of the old one doesn't concern it.
        #expect(word(state.join(Self.key(2), Guest(), flight: plane, now: Self.time(0))) == "leads")
        #expect(state.ended(Self.key(2), other, answer: (9, 1), expires: nil).members.isEmpty)
        #expect(state.lookUp(Self.key(2), now: Self.time(0)).answer == nil)
    }

    @Test func `a refusal is for the one who asked, and those with more time get another try`() {
        var state = State(byteLimit: 100)
        let plane = Plane()
        let guests = [Guest(deadline: 10), Guest(deadline: 5), Guest(deadline: 20), Guest(deadline: 30), Guest()]
        for guest in guests.dropLast() { _ = join(&state, guest, plane) }
        let first = state.refused(Self.key(1), plane, deadline: Self.time(10))
        #expect(first.refused.map(ObjectIdentifier.init) == guests[0...1].map(ObjectIdentifier.init))
        #expect(first.countsFirst)
        #expect(first.asker === guests[3])
        // Nobody has more time than the one in whose name it was asked for again.
        #expect(join(&state, guests[4], plane) == "joins")
        #expect(state.leave(Self.key(1), guests[3], as: departure) == .askerLeft)
        let second = state.refused(Self.key(1), plane, deadline: Self.time(30))
        #expect(second.refused.map(ObjectIdentifier.init) == [ObjectIdentifier(guests[2])])
        #expect(!second.countsFirst)
        #expect(second.asker === guests[4])
        let third = state.refused(Self.key(1), plane, deadline: nil)
        #expect(third.refused.map(ObjectIdentifier.init) == [ObjectIdentifier(guests[4])])
        #expect(third.asker == nil)
        #expect(state.flights == 0)
    }

    @Test func `what a version answered goes when it is unloaded, and nothing else`() {
        var state = State(byteLimit: 100_000)
        for number in 0..<3000 as Range<UInt64> {
            let key = Self.key(number, owner: number % 3)
            let plane = Plane()
            _ = state.join(key, Guest(), flight: plane, now: Self.time(0))
            _ = state.ended(key, plane, answer: (Int(number), 1), expires: nil)
        }
        var next: Int? = 0
        var removed = 0
        var parts = 0
        while let start = next {
            let part = state.unload(owner: 1, from: start)
            removed += part.removed.count
            next = part.next
            parts += 1
        }
        #expect(removed == 1000)
        #expect(parts == 3)
        #expect(state.count == 2000)
        #expect(state.lookUp(Self.key(1, owner: 1), now: Self.time(0)).answer == nil)
        #expect(state.lookUp(Self.key(2, owner: 2), now: Self.time(0)).answer == 2)
    }
}
