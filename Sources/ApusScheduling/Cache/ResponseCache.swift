internal import ApusCore
internal import Synchronization

/// The answers that all models of a server remember, bounded in bytes together, and the runs that equal requests share.
///
/// Used by the versions whose configuration asks for it, each through a `CachingFront`.
package final class ResponseCache: Sendable {
    /// An answer that takes more than this part of the cache would drive out too many others for one.
    private static let largestPart = 4

    /// What is in the cache now.
    package struct Usage: Hashable, Sendable {
        /// Answers remembered.
        package let answers: Int
        /// Bytes that they take, their administration included.
        package let byteCount: Int
        /// The most bytes that they may take.
        package let byteLimit: Int
    }

    /// The most bytes that one answer may take.
    let answerLimit: Int
    private let byteLimit: Int
    /// What nobody outside of this process knows: see `ResponseKey`.
    private let secret = SipHash128.Key.random()
    private let owners = Atomic<UInt64>(0)
    private let state: Mutex<ResponseCacheState<RememberedAnswer, Flight, FlightRequest>>

    /// Makes an empty cache.
    ///
    /// - Parameter byteLimit: The most bytes of all answers together; with 0 equal requests share runs and nothing is
    ///   remembered.
    package init(byteLimit: Int) {
        self.byteLimit = max(0, byteLimit)
        self.answerLimit = max(0, byteLimit) / ResponseCache.largestPart
        self.state = Mutex(ResponseCacheState(byteLimit: max(0, byteLimit)))
    }

    /// What is in the cache; `nil` while no version has asked for one.
    package var usage: Usage? {
        guard owners.load(ordering: .relaxed) > 0 else { return nil }
        return state.withLock { Usage(answers: $0.count, byteCount: $0.byteCount, byteLimit: byteLimit) }
    }

    /// A number for a version that has just been loaded.
    func makeOwner() -> UInt64 {
        owners.add(1, ordering: .relaxed).newValue
    }

    /// Digests a call; takes as long as its inputs are large, so no lock is held.
    func key(owner: UInt64, call: ValidatedCall, parameters: [String: ParameterValue]) -> ResponseKey {
        ResponseKey(owner: owner, call: call, parameters: parameters, secret: secret)
    }

    /// The answer to a call, if it is remembered.
    func lookUp(_ key: ResponseKey, now: MonotonicTime) -> RememberedAnswer? {
        // What has become too old is let go behind the lock, with the outcome.
        state.withLock { $0.lookUp(key, now: now) }.answer
    }

    /// Sees what a request whose answer isn't remembered does.
    func join(
        _ key: ResponseKey,
        _ member: FlightRequest,
        flight: Flight,
        now: MonotonicTime
    ) -> ResponseCacheState<RememberedAnswer, Flight, FlightRequest>.OnJoin {
        state.withLock { $0.join(key, member, flight: flight, now: now) }
    }

    /// Sees what a request that is called back does.
    func leave(
        _ member: FlightRequest,
        as departure: ResponseCacheState<RememberedAnswer, Flight, FlightRequest>.Departure
    ) -> ResponseCacheState<RememberedAnswer, Flight, FlightRequest>.OnLeave {
        state.withLock { $0.leave(member.key, member, as: departure) }
    }

    /// A run has ended.
    ///
    /// - Returns: Who is to be answered, the one first whom the run's outcome was counted for, and a member that has
    ///   left and is yet to be counted.
    func ended(
        _ flight: Flight,
        answer: RememberedAnswer?,
        expires: MonotonicTime?
    ) -> ResponseCacheState<RememberedAnswer, Flight, FlightRequest>.OnEnd {
        state.withLock { state in
            state.ended(flight.key, flight, answer: answer.map { ($0, $0.byteCount) }, expires: expires)
        }
    }

    /// A run was refused before it began; `lease` becomes one of the member in whose name it is to be asked for again.
    func refused(
        _ flight: Flight,
        deadline: MonotonicTime?,
        lease: inout Lease?
    ) -> ResponseCacheState<RememberedAnswer, Flight, FlightRequest>.OnRefusal {
        state.withLock { state in
            let refusal = state.refused(flight.key, flight, deadline: deadline)
            // Under the lock, while it is sure to wait: were it called back first, nobody would ask for the others' run.
            lease = refusal.asker?.copyLease()
            return refusal
        }
    }

    /// Forgets what a version answered; nobody asks it any more.
    func unload(owner: UInt64) {
        var next: Int? = 0
        while let start = next {
            // In parts, so that requests to other models get their turn; what goes is let go behind the lock.
            let part = state.withLock { $0.unload(owner: owner, from: start) }
            next = part.next
        }
    }
}
