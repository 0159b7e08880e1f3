internal import ApusCore
internal import DequeModule

/// Which instance runs which request: permits, the queue, and whether a request may run on its event loop.
///
/// Pure: no lock, thread or clock. `Scheduler` holds it in a mutex, feeds events and carries out what is returned.
struct SchedulerStateMachine {
    /// What to do with a request that has just come.
    enum OnArrival: Equatable {
        /// Run it here and now on this instance.
        case runInline(instance: Int, isMeasured: Bool)
        /// It goes to an engine thread, now or later.
        case enqueue
    }

    /// What to do after something has changed.
    enum OnChange {
        /// Nothing can start.
        case nothing
        /// An engine thread should run this request on this instance.
        case run(QueuedRequest, instance: Int)
    }

    private var idle: [Int]
    private var queue = Deque<QueuedRequest>()
    private var policy: InlinePolicy

    init(instances: Int, policy: InlinePolicy) {
        self.idle = Array((0..<instances).reversed())
        self.policy = policy
    }

    /// Requests that wait for an instance.
    var waiting: Int { queue.count }

    /// A request has come; `isOnLane` tells whether its event loop is the one that asks.
    mutating func requestArrived(shape: UInt64, isOnLane: Bool, now: MonotonicTime) -> OnArrival {
        guard isOnLane, queue.isEmpty, policy.mayRunInline(shape: shape, now: now), let instance = idle.popLast()
        else { return .enqueue }
        return .runInline(instance: instance, isMeasured: policy.isSuspicious)
    }

    /// A request joins the queue.
    mutating func enqueued(_ request: QueuedRequest) -> OnChange {
        queue.append(request)
        return next()
    }

    /// A waiting request is called back; `false` when it waits no more.
    mutating func withdrawn(_ request: QueuedRequest) -> Bool {
        guard let index = queue.firstIndex(where: { $0 === request }) else { return false }
        queue.remove(at: index)
        return true
    }

    /// An instance has finished a run on an event loop; `cost` is `nil` when only the wall clock was read.
    mutating func inlineRunEnded(
        instance: Int,
        shape: UInt64,
        wall: UInt64,
        cost: UInt64?,
        now: MonotonicTime
    ) -> OnChange {
        if let cost {
            policy.ranInline(shape: shape, cost: cost, now: now)
        } else {
            policy.ranInline(shape: shape, wall: wall)
        }
        idle.append(instance)
        return next()
    }

    /// An instance has finished a run on an engine thread; `nil` for a run that did not happen.
    mutating func poolRunEnded(instance: Int, shape: UInt64, cost: UInt64?) -> OnChange {
        if let cost { policy.ranOnPool(shape: shape, cost: cost) }
        idle.append(instance)
        return next()
    }

    /// One sentence for the statistics.
    func note(now: MonotonicTime) -> String { policy.note(now: now) }

    private mutating func next() -> OnChange {
        guard !queue.isEmpty, let instance = idle.popLast(), let request = queue.popFirst() else { return .nothing }
        return .run(request, instance: instance)
    }
}
