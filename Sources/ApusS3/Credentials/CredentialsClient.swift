internal import ApusCore
internal import ApusStorage

/// Asks the servers that give credentials: small answers, little patience, nothing of an answer in any message.
package struct CredentialsClient: Sendable {
    /// The most bytes of an answer.
    private static let byteLimit = 64 << 10

    private let connections: HTTPConnections
    private let clock: StoreClock
    private let limits: RetryPlan.Limits

    /// Asks over these connections.
    package init(connections: HTTPConnections, clock: StoreClock, limits: RetryPlan.Limits = CredentialsClient.patient)
    {
        self.connections = connections
        self.clock = clock
        self.limits = limits
    }

    /// For servers that are known to be there.
    package static let patient = limits(time: 20_000_000_000, attempts: 5)
    /// For the instance's own server, which most machines don't have.
    package static let brief = limits(time: 2_000_000_000, attempts: 2)

    /// Sends a request until it gets an answer below 500, or the time is over.
    func send(_ call: HTTPCall, for name: String) throws(StorageError) -> HTTPAnswer {
        var plan = RetryPlan(limits: limits, now: clock.monotonic.now, generator: SystemRandomNumberGenerator())
        while true {
            var call = call
            call.time = plan.remaining(now: clock.monotonic.now)
            let failure: StorageError
            do throws(StorageError) {
                let answer = try connections.send(call, byteLimit: CredentialsClient.byteLimit)
                if answer.head.status < 500 && answer.head.status != 429 { return answer }
                failure = StorageError(.unreachable, "\(call.origin) answered status \(answer.head.status)")
            } catch {
                failure = error
            }
            guard failure.code == .unreachable, case .again(let pause) = plan.failed(now: clock.monotonic.now) else {
                throw StorageError(failure.code, "credentials (\(name)): \(failure.message)")
            }
            clock.pause(pause)
        }
    }

    private static func limits(time: Int64, attempts: Int) -> RetryPlan.Limits {
        var limits = RetryPlan.Limits()
        limits.time = time
        limits.attempts = attempts
        limits.longestPause = 1_000_000_000
        return limits
    }
}
