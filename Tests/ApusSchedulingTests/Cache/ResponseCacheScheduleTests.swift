import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

/// Drives the state through random histories and keeps account of every request.
private struct CacheHistory {
    typealias State = ResponseCacheState<Int, Plane, Guest>

    /// A run that the scheduler knows of.
    private struct Run {
        let key: ResponseKey
        let plane: Plane
        let deadline: MonotonicTime?
    }

    /// A request and what it asks.
    private struct Waiting {
        let guest: Guest
        let key: ResponseKey
    }

    private static let byteLimit = 200
    private var state = State(byteLimit: byteLimit)
    private var generator: SeededGenerator
    private var now: Int64 = 0
    private var owner: UInt64 = 1
    private var runs: [Run] = []
    private var waiting: [Waiting] = []
    /// Answers by value: what they answer, and until when they may be given.
    private var answers: [Int: (key: ResponseKey, expires: Int64)] = [:]
    private(set) var requests = 0
    private(set) var answered = 0
    /// Requests counted: by the runs, and by whoever holds the state.
    private(set) var counted = 0
    private(set) var saved = 0
    private(set) var faults: [String] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }

    private mutating func end(_ guest: Guest) {
        answered += 1
        guard let index = waiting.firstIndex(where: { $0.guest === guest }) else {
            return faults.append("answered twice")
        }
        waiting.swapAt(index, waiting.count - 1)
        waiting.removeLast()
    }

    mutating func step() {
        now += Int64(pick(0...3))
        switch pick(0...20) {
        case 0...9: arrive()
        case 10...12: leave()
        case 13...16: finish()
        case 17...19: refuse()
        default: reload()
        }
        if state.byteCount > Self.byteLimit { faults.append("\(state.byteCount) bytes are remembered") }
        if state.flights > runs.count { faults.append("a flight without a run") }
    }

    private mutating func arrive() {
        let key = ResponseCacheStateTests.key(UInt64(pick(1...8)), owner: owner)
        requests += 1
        if let answer = state.lookUp(key, now: .init(nanoseconds: now)).answer { return hit(answer, key) }
        let guest = Guest(deadline: pick(0...1) == 0 ? nil : now + Int64(pick(1...40)))
        let plane = Plane()
        switch state.join(key, guest, flight: plane, now: .init(nanoseconds: now)) {
        case .hit(let answer): return hit(answer, key)
        case .joins:
            if !runs.contains(where: { $0.key == key }) { faults.append("joins what doesn't run") }
        case .leads:
            runs.append(Run(key: key, plane: plane, deadline: guest.deadline))
        }
        waiting.append(Waiting(guest: guest, key: key))
    }

    private mutating func hit(_ answer: Int, _ key: ResponseKey) {
        answered += 1
        counted += 1
        guard let remembered = answers[answer], remembered.key == key, remembered.expires > now else {
            return faults.append("the answer \(answer) isn't one to what was asked, or too old")
        }
    }

    private mutating func leave() {
        guard let one = waiting.randomElement(using: &generator) else { return }
        switch state.leave(one.key, one.guest, as: .init(reason: .canceled, nanoseconds: 1)) {
        case .isOver: faults.append("over, yet it waits")
        case .othersWait: counted += 1
        case .askerLeft: break
        case .isLast(let plane, let departure):
            counted += departure == nil ? 1 : 2
            // Called back: its run may still come to an end of its own, later.
            if pick(0...1) == 0 { runs.removeAll { $0.plane === plane } }
        }
        end(one.guest)
    }

    private mutating func finish() {
        guard !runs.isEmpty else { return }
        let run = runs.remove(at: pick(0...runs.count - 1))
        var answer: (Int, Int)?
        let value = answers.count + 1
        let expires = now + Int64(pick(5...200))
        if pick(0...4) > 0 { answer = (value, pick(1...50)) }
        let end = state.ended(run.key, run.plane, answer: answer, expires: .init(nanoseconds: expires))
        if answer != nil, !end.members.isEmpty { answers[value] = (run.key, expires) }
        counted += end.members.count + (end.departure == nil ? 0 : 1)
        saved += max(0, end.members.count - 1)
        for guest in end.members {
            let key = waiting.first { $0.guest === guest }?.key
            if key != run.key { faults.append("got the answer to something else") }
            self.end(guest)
        }
    }

    private mutating func refuse() {
        guard !runs.isEmpty else { return }
        let run = runs.remove(at: pick(0...runs.count - 1))
        let isWanted = waiting.contains { $0.key == run.key }
        let refusal = state.refused(run.key, run.plane, deadline: run.deadline)
        for guest in refusal.refused { end(guest) }
        counted += refusal.refused.count
        if !refusal.countsFirst, isWanted, !refusal.refused.isEmpty || refusal.asker != nil {
            // The run counted the one that had left.
            counted += 1
        }
        guard let asker = refusal.asker else { return }
        // In the worst case the one who asked has left, and was counted with the refusal.
        if refusal.countsFirst, refusal.refused.isEmpty { faults.append("the asker is neither refused nor gone") }
        if let deadline = run.deadline, let later = asker.deadline, later <= deadline {
            faults.append("asked again without more time")
        }
        runs.append(Run(key: run.key, plane: run.plane, deadline: asker.deadline))
    }

    /// The version is loaded anew; it can't be unloaded while somebody waits.
    private mutating func reload() {
        guard waiting.isEmpty || pick(0...3) == 0 else { return }
        while !waiting.isEmpty { leave() }
        var next: Int? = 0
        while let start = next { next = state.unload(owner: owner, from: start).next }
        if state.count > 0 { faults.append("\(state.count) answers outlived their version") }
        owner += 1
    }

    /// Lets everybody go, and says whether the books balance.
    mutating func close() {
        while !waiting.isEmpty { leave() }
        if state.flights > 0 { faults.append("\(state.flights) flights are left") }
        if answered != requests { faults.append("\(requests) requests, \(answered) answered") }
        if counted != requests { faults.append("\(requests) requests, \(counted) counted") }
    }
}

struct ResponseCacheScheduleTests {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func `each request is answered once and counted once, whatever happens`(seed: UInt64) {
        var history = CacheHistory(seed: seed)
        for _ in 0..<20_000 { history.step() }
        history.close()
        #expect(history.faults.isEmpty, "seed \(seed)")
        #expect(history.saved > 100)
    }
}
