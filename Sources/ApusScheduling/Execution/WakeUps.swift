internal import ApusCore
internal import Dispatch
internal import Synchronization

/// Something that wants to know when a moment has come.
protocol WakeTarget: AnyObject, Sendable {
    /// The moment has come, or a later one; or an earlier one that it had asked for before. Whoever wants to be woken up
    /// again has to say so.
    func timePassed()
}

/// One thread that wakes schedulers up when a request has waited too long, or long enough for company.
final class WakeUps: Sendable {
    private let alarms = Mutex(AlarmTable())
    private let changed = DispatchSemaphore(value: 0)
    private let time: any TimeSource

    /// Starts the thread, which ends when this is let go.
    ///
    /// - Throws: `RuntimeFailure.Code.resource` when the system gives no thread.
    init(
        time: any TimeSource,
        startThread: (_ name: String, _ run: @escaping @Sendable () -> Void) -> Int32 = EngineThread.start
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

    /// Has a target woken up at a moment, or soon after; an earlier moment that it asked for before stays, alone.
    func wake(_ target: any WakeTarget, at moment: MonotonicTime) {
        let isFirst = alarms.withLock { $0.set(target, at: moment) }
        if isFirst { changed.signal() }
    }

    /// Wakes up whose moment has come; how long to sleep, in nanoseconds.
    func ring() -> Int64 {
        while true {
            let now = time.now
            switch alarms.withLock({ $0.timePassed(now: now) }) {
            case .rings(let target): target?.timePassed()
            case .waits(let moment): return moment.nanoseconds - now.nanoseconds
            case .isEmpty: return 3_600_000_000_000
            }
        }
    }
}
