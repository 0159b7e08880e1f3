import ApusCore
import Synchronization
import Testing

@testable import ApusListener

struct EventLoopLaneTests {
    /// A clock that is set by hand.
    private final class SteppedTime: TimeSource {
        private let state = Atomic<Int64>(1)

        var now: MonotonicTime { MonotonicTime(nanoseconds: state.load(ordering: .relaxed)) }

        func step(_ nanoseconds: Int64) { state.add(nanoseconds, ordering: .relaxed) }
    }

    /// Notes the messages of the failures that it gets.
    private final class RecordingSink: AnswerSink {
        let lane: any CompletionLane
        private let state = Mutex<[String]>([])
        private let onEnd: @Sendable (String) -> Void

        init(lane: any CompletionLane, onEnd: @escaping @Sendable (String) -> Void = { _ in }) {
            self.lane = lane
            self.onEnd = onEnd
        }

        var demand: Int { 1 }
        var messages: [String] { state.withLock { $0 } }

        func receive(_ answer: consuming InferenceAnswer) {}

        func finish(_ end: AnswerEnd) {
            guard case .failure(let error) = end else { return }
            state.withLock { $0.append(error.message) }
            onEnd(error.message)
        }
    }

    private func completion(_ text: String, _ sink: any AnswerSink) -> Completion {
        Completion(failure: InferenceError(.unavailable, text), to: sink)
    }

    @Test func `what has been carried out is let go before the next is`() {
        let loop = QueueingEventLoop()
        let lane = EventLoopLane(eventLoop: loop, time: SystemTime())
        weak var first: Completion?
        let isThere = Mutex<[Bool]>([])
        do {
            let delivery = completion("1", RecordingSink(lane: lane))
            first = delivery
            let last = RecordingSink(lane: lane) { [weak delivery] _ in isThere.withLock { $0.append(delivery != nil) }
            }
            lane.deliver([delivery, completion("2", last)])
        }
        #expect(first != nil)
        loop.run()
        #expect(isThere.withLock { $0 } == [false])
    }

    @Test func `the loop is woken once for all that comes before it looks`() {
        let loop = QueueingEventLoop()
        let lane = EventLoopLane(eventLoop: loop, time: SystemTime())
        let sink = RecordingSink(lane: lane)
        lane.deliver([completion("1", sink), completion("2", sink)])
        lane.deliver([completion("3", sink)])
        lane.deliver([])
        lane.deliver([completion("4", sink)])
        #expect(loop.wakeCount == 1)
        #expect(sink.messages.isEmpty)
        loop.run()
        #expect(sink.messages == ["1", "2", "3", "4"])
        #expect(loop.wakeCount == 1)
        lane.deliver([completion("5", sink)])
        #expect(loop.wakeCount == 2)
        loop.run()
        #expect(sink.messages.count == 5)
    }

    @Test func `nothing wakes nobody`() {
        let loop = QueueingEventLoop()
        EventLoopLane(eventLoop: loop, time: SystemTime()).deliver([])
        #expect(loop.wakeCount == 0)
    }

    @Test func `the loop looks early, and its own turn then finds nothing left`() {
        let loop = QueueingEventLoop()
        let lane = EventLoopLane(eventLoop: loop, time: SystemTime())
        let sink = RecordingSink(lane: lane)
        lane.carryOutEarly()
        lane.deliver([completion("1", sink)])
        lane.carryOutEarly()
        #expect(sink.messages == ["1"])
        lane.deliver([completion("2", sink)])
        loop.run()
        #expect(sink.messages == ["1", "2"])
    }

    @Test func `a lane knows how long completions have waited of late`() {
        let loop = QueueingEventLoop()
        let time = SteppedTime()
        let lane = EventLoopLane(eventLoop: loop, time: time)
        let sink = RecordingSink(lane: lane)
        #expect(lane.delay == 0)
        for _ in 0..<50 {
            lane.deliver([completion("1", sink)])
            time.step(3_000_000)
            lane.deliver([completion("2", sink)])
            loop.run()
        }
        #expect((2_900_000...3_200_000).contains(lane.delay))
        time.step(1_000_000_000)
        #expect(lane.delay == 0)
    }

    @Test func `what a completion brings with it comes in the next round`() {
        let loop = QueueingEventLoop()
        let lane = EventLoopLane(eventLoop: loop, time: SystemTime())
        let second = RecordingSink(lane: lane)
        let first = RecordingSink(lane: lane) { text in
            lane.deliver([Completion(failure: InferenceError(.unavailable, "\(text) again"), to: second)])
        }
        lane.deliver([completion("1", first), completion("2", first)])
        loop.run()
        #expect(first.messages == ["1", "2"])
        #expect(second.messages.isEmpty)
        #expect(loop.wakeCount == 2)
        loop.run()
        #expect(second.messages == ["1 again", "2 again"])
    }

    @Test func `nothing is lost or reordered when many threads deliver`() async {
        let loop = QueueingEventLoop()
        let lane = EventLoopLane(eventLoop: loop, time: SystemTime())
        let sinks = (0..<4).map { _ in RecordingSink(lane: lane) }
        await withTaskGroup(of: Void.self) { group in
            for (index, sink) in sinks.enumerated() {
                group.addTask { @concurrent in
                    for number in 0..<500 {
                        lane.deliver([
                            Completion(failure: InferenceError(.unavailable, "\(number)"), to: sink)
                        ])
                        if index == 0, number % 50 == 0 { loop.run() }
                    }
                }
            }
        }
        while loop.run() {}
        for sink in sinks { #expect(sink.messages == (0..<500).map(String.init)) }
        #expect(loop.wakeCount <= 12)
    }

    @Test func `a lane is current on its loop only`() {
        #expect(!EventLoopLane(eventLoop: QueueingEventLoop(), time: SystemTime()).isCurrent)
    }
}
