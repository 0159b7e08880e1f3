internal import ApusCore
internal import Dispatch
internal import HeapModule
internal import Synchronization

/// Something that wants to know when a moment has come.
protocol WakeTarget: AnyObject, Sendable {
    /// The moment has come, or a later one.
    func timePassed()
}

/// One thread that wakes schedulers up when a request has waited too long, or long enough for company.
final class WakeUps: Sendable {
    private struct Alarm: Comparable {
        let time: MonotonicTime
        weak var target: (any WakeTarget)?

        static func < (lhs: Alarm, rhs: Alarm) -> Bool { lhs.time < rhs.time }
        static func == (lhs: Alarm, rhs: Alarm) -> Bool { lhs.time == rhs.time }
    }

    private let alarms = Mutex(Heap<Alarm>())
    private let changed = DispatchSemaphore(value: 0)
    private let time: any TimeSource

    /// Starts the thread, which ends when this is let go.
    ///
    /// - Throws: `RuntimeFailure.Code.resource` when the system gives no thread.
    convenience init(time: any TimeSource) throws(RuntimeFailure) {
        try self.init(time: time, startThread: EngineThread.start)
    }

    /// Starts the thread by `startThread`, which returns 0 or the system's error number.
    init(
        time: any TimeSource,
        startThread: (_ name: String, _ run: @escaping @Sendable () -> Void) -> Int32
    ) throws(RuntimeFailure) {
        self.time = time
        let error = startThread("apus-alarms") { [weak self] in
            while let wait = self?.ring() {
                guard let changed = self?.changed else { return }
                _ = changed.wait(timeout: .now() + .nanoseconds(Int(clamping: wait)))
            }
        }
        guard error == 0 else {
            throw RuntimeFailure(.resource, "the system gives no thread for the schedulers' alarms")
        }
    }

    deinit { changed.signal() }

    /// Has a target woken up at a moment, or soon after.
    func wake(_ target: any WakeTarget, at moment: MonotonicTime) {
        let isFirst = alarms.withLock { alarms in
            let isFirst = alarms.min.map { moment < $0.time } ?? true
            alarms.insert(Alarm(time: moment, target: target))
            return isFirst
        }
        if isFirst { changed.signal() }
    }

    /// Wakes up whose moment has come; how long to sleep, in nanoseconds.
    func ring() -> Int64 {
        while true {
            let now = time.now
            let (target, wait) = alarms.withLock { alarms -> ((any WakeTarget)?, Int64?) in
                guard let next = alarms.min else { return (nil, 3_600_000_000_000) }
                guard next.time <= now else { return (nil, next.time.nanoseconds - now.nanoseconds) }
                alarms.removeMin()
                return (next.target, nil)
            }
            target?.timePassed()
            if let wait { return wait }
        }
    }
}
