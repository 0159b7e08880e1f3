internal import ApusCore
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// One event loop's share of a load test: its connections, its schedule, what it saw.
///
/// Lives on that loop and is used nowhere else, so it needs no lock.
final class LoadLoop {
    private static let reconnectDelay = TimeAmount.milliseconds(100)
    /// Before the next look; it must not have passed when the loop asks what is due, else it doesn't read.
    private static let readingTime = TimeAmount.microseconds(10)

    private let loop: any EventLoop
    private let plan: LoadPlan
    private let request: ByteBuffer
    private let time = SystemTime()
    private let finished: EventLoopPromise<LoadOutcome>
    private var schedule: LoadSchedule
    private var outcome = LoadOutcome()
    private var connections: [ObjectIdentifier: LoadConnection] = [:]
    private var free: [LoadConnection] = []
    private var requestsUnderWay = 0
    private var hasTimer = false
    /// When the loop looks for answers; `nil` when it is woken for each.
    private var looks: LookTimes?
    private var isFinished = false

    /// Prepares a share.
    init(
        on loop: any EventLoop,
        plan: LoadPlan,
        schedule: LoadSchedule,
        request: ByteBuffer,
        lookInterval: Duration?
    ) {
        self.loop = loop
        self.plan = plan
        self.schedule = schedule
        self.request = request
        self.looks = lookInterval.map(LookTimes.init)
        self.finished = loop.makePromise()
    }

    /// Opens connections, sends, and ends when every request has its answer or the time of grace is over.
    func run(connections: Int) -> EventLoopFuture<LoadOutcome> {
        for _ in 0..<connections { connect() }
        look()
        at(schedule.windowEnd) { $0.sendWhatIsDue() }
        at(schedule.windowEnd.advanced(by: plan.grace)) { $0.giveUp() }
        return finished.futureResult
    }

    /// A connection is open.
    func connectionOpened(_ connection: LoadConnection) {
        guard !isFinished else { return connection.close() }
        connections[ObjectIdentifier(connection)] = connection
        free.append(connection)
        sendWhatIsDue()
    }

    /// A connection has the answer to its request.
    func answerArrived(
        _ answer: ResponseParser.Answer,
        due: MonotonicTime,
        sent: MonotonicTime,
        on connection: LoadConnection
    ) {
        let now = time.now
        requestsUnderWay -= 1
        outcome.answerArrived(answer, schedule.answerArrived(due: due, sent: sent, now: now))
        if answer.closesConnection {
            connection.close()
        } else {
            free.append(connection)
        }
        sendWhatIsDue(now: now)
    }

    /// A connection is gone; `due` is there when a request was under way on it.
    func connectionClosed(_ connection: LoadConnection, due: MonotonicTime?, reason: String) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil, !isFinished else { return }
        free.removeAll { $0 === connection }
        if let due {
            requestsUnderWay -= 1
            outcome.connectionBroke(isCounted: schedule.isCounted(due: due), reason: reason)
        }
        // After a refusal to go on the next connection waits a little, so that a dying server isn't flooded.
        after(due == nil ? .zero : LoadLoop.reconnectDelay) { $0.connect() }
        sendWhatIsDue()
    }

    private func connect() {
        guard !isFinished, !schedule.isOver(now: time.now) else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(5))
            .channelInitializer { [request] channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = LoadConnection(owner: bound.value, request: request)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(to: plan.url)
            .whenFailure { error in bound.value.connectionFailed(error) }
    }

    private func connectionFailed(_ error: any Error) {
        guard !isFinished else { return }
        let reason = ClientError(connecting: plan.url, timeout: .seconds(5), cause: error).message
        outcome.connectionFailed(reason: reason)
        after(LoadLoop.reconnectDelay) { $0.connect() }
    }

    private func sendWhatIsDue() {
        sendWhatIsDue(now: time.now)
    }

    private func sendWhatIsDue(now: MonotonicTime) {
        while !isFinished, let connection = free.last {
            switch schedule.connectionBecameFree(now: now) {
            case .send(let due):
                free.removeLast()
                requestsUnderWay += 1
                let sent = time.now
                if schedule.isCounted(due: due) { outcome.requestSent(late: sent.nanoseconds(since: due)) }
                connection.send(due: due, now: sent)
            case .wait(let until):
                return wakeUp(at: until)
            case .stop:
                return finishIfIdle(now: now)
            }
        }
        finishIfIdle(now: now)
    }

    private func wakeUp(at time: MonotonicTime) {
        guard !hasTimer, looks == nil else { return }
        hasTimer = true
        at(time) { loop in
            loop.hasTimer = false
            loop.sendWhatIsDue()
        }
    }

    /// Sends what is due and sleeps until the next look, before the sockets are read; nothing where it is woken for each.
    ///
    /// The thread sleeps, not the loop, which would wake up for each answer.
    private func look() {
        guard !isFinished, looks != nil else { return }
        sendWhatIsDue()
        let rest = looks?.looked(now: time.now) ?? 0
        if rest > 0 {
            var pause = timespec(tv_sec: 0, tv_nsec: Int(rest))
            unsafe nanosleep(&pause, nil)
        }
        after(LoadLoop.readingTime) { $0.look() }
    }

    private func finishIfIdle(now: MonotonicTime) {
        guard !isFinished, requestsUnderWay == 0, now >= schedule.windowEnd, schedule.isOver(now: now) else { return }
        finish()
    }

    private func giveUp() {
        guard !isFinished else { return }
        let now = time.now
        for connection in connections.values {
            guard let due = connection.due, schedule.isCounted(due: due) else { continue }
            outcome.requestAbandoned(waited: now.nanoseconds(since: due))
        }
        while let waited = schedule.abandonUnsent(now: now) { outcome.requestAbandoned(waited: waited) }
        finish()
    }

    private func finish() {
        isFinished = true
        free = []
        let open = connections.values
        connections = [:]
        for connection in open { connection.close() }
        finished.succeed(outcome)
    }

    private func at(_ moment: MonotonicTime, _ action: @escaping @Sendable (LoadLoop) -> Void) {
        // The loop's clock and ours are the same one.
        let deadline = NIODeadline.uptimeNanoseconds(UInt64(max(0, moment.nanoseconds)))
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(deadline: deadline) { action(bound.value) }
    }

    private func after(_ delay: TimeAmount, _ action: @escaping @Sendable (LoadLoop) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: delay) { action(bound.value) }
    }
}
