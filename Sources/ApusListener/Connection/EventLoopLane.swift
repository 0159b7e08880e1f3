package import ApusCore
internal import NIOCore
internal import Synchronization

/// An event loop as a lane: deliveries from any thread are collected and carried out on the loop, which is woken once
/// for all that came since it last looked.
package final class EventLoopLane: CompletionLane {
    private let eventLoop: any EventLoop
    private let time: any TimeSource
    private let state = Mutex(State())
    /// Whether deliveries wait; only a hint, so that looking costs nothing.
    private let hasWaiting = Atomic<Bool>(false)

    private struct State {
        var waiting: [any Delivery] = []
        /// The memory of the last batch, empty, so that none is taken for the next one.
        var spare: [any Delivery] = []
        /// Since when the first of them waits.
        var since = MonotonicTime(nanoseconds: 0)
        var delay = DelayEstimate()
    }

    /// The most deliveries whose memory is kept.
    private static let maxSpareCount = 1024

    init(eventLoop: any EventLoop, time: any TimeSource) {
        self.eventLoop = eventLoop
        self.time = time
    }

    package var isCurrent: Bool { eventLoop.inEventLoop }

    package var delay: UInt64 {
        let now = time.now
        return state.withLock { $0.delay.bound(now: now) }
    }

    package var deliversAtOnce: Bool { false }

    package func deliver(_ deliveries: consuming [any Delivery]) {
        guard !deliveries.isEmpty else { return }
        var arrived = deliveries
        let now = time.now
        let mustWake = state.withLock { state in
            let wasEmpty = state.waiting.isEmpty
            if wasEmpty { state.since = now }
            state.waiting.append(contentsOf: arrived)
            // Before the lock is released: the loop may carry them out then, and is to be the last who has them.
            arrived = []
            return wasEmpty
        }
        if mustWake {
            hasWaiting.store(true, ordering: .relaxed)
            eventLoop.execute { self.carryOut() }
        }
    }

    /// Carries out what waits in the middle of a round of the loop; on the loop only.
    ///
    /// With hundreds of sockets to read, answers would wait for milliseconds for the round's end.
    func carryOutEarly() {
        if hasWaiting.load(ordering: .relaxed) { carryOut() }
    }

    private func carryOut() {
        hasWaiting.store(false, ordering: .relaxed)
        var batch: [any Delivery] = []
        let since = state.withLock { state in
            swap(&batch, &state.spare)
            swap(&batch, &state.waiting)
            return state.since
        }
        guard !batch.isEmpty else { return }
        // Each is let go when it has been carried out, not when all of them have.
        batch.reverse()
        while let next = batch.popLast() { next.carryOut() }
        let now = time.now
        let isSpare = batch.capacity <= EventLoopLane.maxSpareCount
        state.withLock { state in
            state.delay.observe(Int64(clamping: now.nanoseconds(since: since)), now: now)
            if isSpare { swap(&batch, &state.spare) }
        }
    }
}
