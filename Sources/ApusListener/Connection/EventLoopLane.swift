package import ApusCore
internal import NIOCore
internal import Synchronization

/// An event loop as a lane: completions from any thread are collected and carried out on the loop, which is woken once
/// for all that came since it last looked.
package final class EventLoopLane: CompletionLane {
    private let eventLoop: any EventLoop
    private let waiting = Mutex<[Completion]>([])

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package var isCurrent: Bool { eventLoop.inEventLoop }

    package func deliver(_ completions: [Completion]) {
        let mustWake = waiting.withLock { waiting in
            let wasEmpty = waiting.isEmpty
            waiting.append(contentsOf: completions)
            return wasEmpty && !completions.isEmpty
        }
        if mustWake {
            eventLoop.execute { self.carryOut() }
        }
    }

    private func carryOut() {
        let batch = waiting.withLock { waiting in
            defer { waiting.removeAll(keepingCapacity: true) }
            return waiting
        }
        for completion in batch { completion.run() }
    }
}
