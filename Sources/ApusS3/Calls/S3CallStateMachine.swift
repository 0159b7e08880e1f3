package import ApusCore
package import ApusStorage

/// Decides after every answer to one call what comes next: mend the clock, the region or the credentials once each, try
/// again later, or give the answer to the caller.
package struct S3CallStateMachine: Sendable {
    /// What comes next.
    package enum Next: Equatable, Sendable {
        /// The answer is the caller's.
        case done
        /// The same again after so many nanoseconds.
        case again(afterNanoseconds: Int64)
        /// Take the server's time for signatures, then the same again.
        case correctClock(CalendarTime)
        /// Sign for this region, then the same again.
        case useRegion(String)
        /// Ask for other credentials, then the same again.
        case replaceCredentials
        /// Nothing helps; the last answer is why.
        case giveUp
    }

    /// Clocks that differ by less than this aren't the reason of a refusal, in seconds; AWS allows 15 minutes.
    package static let clockTolerance: Int64 = 240

    /// What passes by itself, whatever the status.
    private static let passingCodes: Set = [
        "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted",
        "ConditionalRequestConflict", "ThrottlingException", "RequestLimitExceeded",
    ]
    /// What other credentials may mend.
    private static let credentialsCodes: Set = [
        "ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId",
    ]

    /// When something is tried again.
    package var retries: RetryPlan
    private var hasCorrectedClock = false
    private var hasChangedRegion = false
    private var hasReplacedCredentials = false
    private var damages = 0

    /// Starts a call.
    package init(retries: RetryPlan) {
        self.retries = retries
    }

    /// No answer came, or one that isn't whole; one that is damaged is asked for twice more.
    package mutating func failed(_ code: StorageError.Code, now: MonotonicTime) -> Next {
        if code == .damaged { damages += 1 }
        return code == .unreachable || (code == .damaged && damages <= 2) ? again(now: now, asked: 0) : .giveUp
    }

    /// An answer came that is no success.
    ///
    /// - Parameters:
    ///   - failure: What it says.
    ///   - region: What was signed for.
    ///   - signed: When it was signed, by the clock that signatures go by; `nil` when it wasn't.
    ///   - now: The time.
    /// - Returns: What comes next.
    package mutating func refused(
        _ failure: S3Failure,
        region: String,
        signed: CalendarTime?,
        now: MonotonicTime
    ) -> Next {
        if let other = otherRegion(failure, than: region) {
            hasChangedRegion = true
            return .useRegion(other)
        }
        if let signed, let date = skew(failure, signed: signed) {
            hasCorrectedClock = true
            return .correctClock(date)
        }
        if signed != nil, !hasReplacedCredentials, isAboutCredentials(failure) {
            hasReplacedCredentials = true
            return .replaceCredentials
        }
        return isTransient(failure) ? again(now: now, asked: failure.retryAfter) : .done
    }

    private mutating func again(now: MonotonicTime, asked: Int64) -> Next {
        switch retries.failed(now: now, asked: asked) {
        case .again(let nanoseconds): .again(afterNanoseconds: nanoseconds)
        case .giveUp: .giveUp
        }
    }

    private func otherRegion(_ failure: S3Failure, than region: String) -> String? {
        guard !hasChangedRegion, let other = failure.region, other != region else { return nil }
        let isAbout = [301, 307].contains(failure.status) || failure.code == "AuthorizationHeaderMalformed"
        // An answer to HEAD has no code.
        return isAbout || (failure.code.isEmpty && [400, 403].contains(failure.status)) ? other : nil
    }

    private func skew(_ failure: S3Failure, signed: CalendarTime) -> CalendarTime? {
        guard !hasCorrectedClock, let date = failure.date, [400, 403].contains(failure.status) else { return nil }
        let difference = abs(date.secondsSince1970 - signed.secondsSince1970)
        let isNamed = failure.code == "RequestTimeTooSkewed"
        return difference > S3CallStateMachine.clockTolerance || (isNamed && difference > 0) ? date : nil
    }

    private func isAboutCredentials(_ failure: S3Failure) -> Bool {
        // An answer to HEAD has no code.
        S3CallStateMachine.credentialsCodes.contains(failure.code)
            || (failure.code.isEmpty && [400, 401, 403].contains(failure.status))
    }

    private func isTransient(_ failure: S3Failure) -> Bool {
        [408, 429, 500, 502, 503, 504].contains(failure.status)
            || S3CallStateMachine.passingCodes.contains(failure.code)
    }
}
