package import ApusCore
package import NIOCore
internal import Synchronization

/// What the connections of one event loop share: the lane for completions, the date, the list for time-outs, the
/// deadlines of their requests, and turns for those that have much to do.
package final class LoopServices: Sendable {
    /// The loop.
    package let eventLoop: any EventLoop
    /// Brings completions from engine threads to the loop.
    package let lane: EventLoopLane
    let time: any TimeSource
    /// An empty buffer of this loop.
    ///
    /// SwiftNIO's own is one object for all threads, whose reference count would go back and
    /// forth between the processors. With room for a byte, since for none there is that object again.
    let emptyBuffer = ByteBufferAllocator().buffer(capacity: 1)
    private let state: NIOLoopBoundBox<State>
    private let count = Atomic<Int>(0)

    /// Between two turns of connections that have more to do.
    ///
    /// Any time does that hasn't passed yet when the loop looks for what to do next: it looks at its sockets only when
    /// nothing else is left.
    private static let betweenTurns = TimeAmount.microseconds(10)

    private struct State {
        var deadlines = DeadlineQueue<CancellationHandle>()
        var rounds = ReadingRounds()
        /// Memory for answers that nobody uses just now: one piece for all connections, which stays in the processor's
        /// cache.
        var spare = ByteBuffer()
        /// Goes off at the earliest deadline, or before when the request with that one has been answered.
        var alarm: (time: MonotonicTime, task: Scheduled<Void>)?
        /// Those that wait for a turn.
        var busy: [any TickedConnection] = []
        var areTurnsScheduled = false
        var connections: [ObjectIdentifier: any TickedConnection] = [:]
        var date = HTTPDate()
        var isDraining = false
        var isAbandoned = false
        var tick: RepeatedTask?
    }

    /// Makes the services of a loop; called on any thread.
    package init(eventLoop: any EventLoop, time: any TimeSource) {
        self.eventLoop = eventLoop
        self.lane = EventLoopLane(eventLoop: eventLoop, time: time)
        self.time = time
        self.state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    /// The value of a `Date` field; at most a second old.
    var date: String {
        state.withValue { $0.date.text }
    }

    /// Whether a drain has begun.
    var isDraining: Bool { state.value.isDraining }

    /// Starts looking after the time-outs of the loop's connections.
    package func start() {
        eventLoop.execute { [self] in
            guard state.value.tick == nil else { return }
            state.value.tick = eventLoop.scheduleRepeatedTask(
                initialDelay: .milliseconds(250),
                delay: .milliseconds(250)
            ) { _ in
                self.tickAll()
            }
        }
    }

    /// Stops looking after time-outs.
    package func stop() {
        eventLoop.execute { [self] in
            state.value.tick?.cancel()
            state.value.tick = nil
        }
    }

    /// Tells all connections that a drain has begun.
    package func drain() {
        eventLoop.execute { [self] in
            state.value.isDraining = true
            for connection in state.value.connections.values { connection.drain() }
        }
    }

    /// Answers what is left with 503 and closes all connections, now and those still to come.
    package func abandon() {
        eventLoop.execute { [self] in
            state.value.isAbandoned = true
            for connection in Array(state.value.connections.values) { connection.abandon() }
        }
    }

    /// Open connections; read from any thread.
    package var connectionCount: Int { count.load(ordering: .relaxed) }

    var isAbandoned: Bool { state.value.isAbandoned }

    func add(_ connection: any TickedConnection) {
        count.add(1, ordering: .relaxed)
        state.value.connections[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: any TickedConnection) {
        count.subtract(1, ordering: .relaxed)
        state.value.connections[ObjectIdentifier(connection)] = nil
    }

    /// Memory for an answer; what it held before is still in it.
    func takeSpare() -> ByteBuffer {
        state.withValue { state in
            var buffer = emptyBuffer
            swap(&buffer, &state.spare)
            return buffer
        }
    }

    /// Takes the memory of an answer back that has left.
    func keepSpare(_ buffer: ByteBuffer) {
        state.withValue { $0.spare = buffer }
    }

    /// Notes that a request is being read.
    func requestIsRead(now: MonotonicTime) {
        guard state.withValue({ $0.rounds.read(now: now) }) else { return }
        // Carried out behind the last socket of this round.
        eventLoop.execute { [self] in
            let now = time.now
            state.withValue { $0.rounds.roundEnded(now: now) }
        }
    }

    /// The earliest time at which a request can have come to this machine that was read at a time; on the loop only, in
    /// the call in which it was read.
    package func earliestArrival(readAt time: MonotonicTime) -> MonotonicTime {
        state.withValue { $0.rounds.earliestArrival(readAt: time) }
    }

    /// Has a request called back as expired at its deadline.
    ///
    /// - Returns: What takes the deadline back.
    func expire(_ request: CancellationHandle, at deadline: MonotonicTime) -> DeadlineQueue<CancellationHandle>.Ticket {
        let ticket = state.withValue { $0.deadlines.insert(request, deadline: deadline) }
        setAlarm()
        return ticket
    }

    /// Takes a deadline back.
    func forget(_ ticket: DeadlineQueue<CancellationHandle>.Ticket) {
        // The alarm stays: to set it anew for every answer costs more than one that finds nothing to do.
        state.withValue { $0.deadlines.remove(ticket) }
    }

    /// Gives a connection that has more to do a turn when the loop has looked at all others.
    func queueForTurn(_ connection: any TickedConnection) {
        state.withValue { state in
            state.busy.append(connection)
            if !state.areTurnsScheduled { scheduleTurns() }
            state.areTurnsScheduled = true
        }
    }

    private func scheduleTurns() {
        _ = eventLoop.scheduleTask(in: LoopServices.betweenTurns) { [self] in
            let busy = state.withValue { state in
                defer { state.busy = [] }
                return state.busy
            }
            for connection in busy { connection.takeTurn() }
            // Behind the last turn, not behind the first: the time between must not pass during the others.
            state.withValue { state in
                state.areTurnsScheduled = !state.busy.isEmpty
                if state.areTurnsScheduled { scheduleTurns() }
            }
        }
    }

    /// Sets the loop's timer when the earliest deadline is before it; one timer for all, because the loop searches a
    /// list for one that is taken back.
    private func setAlarm() {
        state.withValue { state in
            guard let earliest = state.deadlines.earliest() else { return }
            if let alarm = state.alarm, alarm.time <= earliest { return }
            state.alarm?.task.cancel()
            let moment = NIODeadline.uptimeNanoseconds(UInt64(max(0, earliest.nanoseconds)))
            state.alarm = (earliest, eventLoop.scheduleTask(deadline: moment) { [self] in expireDue(earliest) })
        }
    }

    private func expireDue(_ moment: MonotonicTime) {
        state.withValue { $0.alarm = nil }
        let now = max(moment, time.now)
        while let request = state.withValue({ $0.deadlines.popDue(at: now) }) { request.expire() }
        setAlarm()
    }

    private func tickAll() {
        let now = time.now
        state.value.date.refresh()
        for connection in Array(state.value.connections.values) { connection.tick(now: now) }
    }
}

/// A connection whose time limits the loop looks after.
protocol TickedConnection: AnyObject {
    /// Time has passed.
    func tick(now: MonotonicTime)
    /// It is the turn of this connection, which has asked for one.
    func takeTurn()
    /// A drain has begun.
    func drain()
    /// The drain is over: answer what waits with 503 and close.
    func abandon()
}
