package import ApusCore
internal import NIOCore
internal import Synchronization

/// An event loop as a lane: completions from any thread are collected and carried out on the loop, which is woken once
/// for all that came since it last looked.
package final class EventLoopLane: CompletionLane {
    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    private struct State {
        var waiting: [Completion] = []
        /// The memory of the last batch, empty, so that none is taken for the next one.
        var spare: [Completion] = []
    }

    /// The most completions whose memory is kept.
    private static let maxSpareCount = 1024

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package var isCurrent: Bool { eventLoop.inEventLoop }

    package func deliver(_ completions: [Completion]) {
        let mustWake = state.withLock { state in
            let wasEmpty = state.waiting.isEmpty
            state.waiting.append(contentsOf: completions)
            return wasEmpty && !completions.isEmpty
        }
        if mustWake {
            eventLoop.execute { self.carryOut() }
        }
    }

    private func carryOut() {
        var batch: [Completion] = []
        state.withLock { state in
            swap(&batch, &state.spare)
            swap(&batch, &state.waiting)
        }
        for completion in batch { completion.run() }
        guard batch.capacity <= EventLoopLane.maxSpareCount else { return }
        batch.removeAll(keepingCapacity: true)
        state.withLock { swap(&batch, &$0.spare) }
    }
}
