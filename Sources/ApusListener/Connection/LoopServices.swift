package import ApusCore
package import NIOCore
internal import Synchronization

/// What the connections of one event loop share: the lane for completions, the date, the list for time-outs.
package final class LoopServices: Sendable {
    /// The loop.
    package let eventLoop: any EventLoop
    /// Brings completions from engine threads to the loop.
    package let lane: EventLoopLane
    let time: any TimeSource
    private let state: NIOLoopBoundBox<State>
    private let count = Atomic<Int>(0)

    private struct State {
        var connections: [ObjectIdentifier: any TickedConnection] = [:]
        var date = HTTPDate()
        var isDraining = false
        var isAbandoned = false
        var tick: RepeatedTask?
    }

    /// Makes the services of a loop; called on any thread.
    package init(eventLoop: any EventLoop, time: any TimeSource) {
        self.eventLoop = eventLoop
        self.lane = EventLoopLane(eventLoop: eventLoop)
        self.time = time
        self.state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    /// The value of a `Date` field; at most a second old.
    var date: String {
        state.value.date.text
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
    /// A drain has begun.
    func drain()
    /// The drain is over: answer what waits with 503 and close.
    func abandon()
}
