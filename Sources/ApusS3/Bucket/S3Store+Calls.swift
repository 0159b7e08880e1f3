internal import ApusCore
internal import ApusStorage
internal import NIOCore
internal import Synchronization

extension S3Store {
    /// Sends a request until it has an answer that stays, or the time is over.
    ///
    /// - Parameters:
    ///   - what: What is done, for messages: `reading s3://…`.
    ///   - progress: How many bytes have come so far; when it grows between attempts, patience begins anew.
    ///   - make: Makes the request, anew for each attempt.
    /// - Returns: The answer that stays, a success or a refusal.
    /// - Throws: What made the request impossible, or that no answer came.
    func perform(
        _ what: String,
        progress: () -> Int = { 0 },
        _ make: () throws(StorageError) -> S3Request
    ) throws(StorageError) -> S3Outcome {
        let retries = RetryPlan(limits: configuration.retries, now: clock.monotonic.now, generator: makeGenerator())
        var machine = S3CallStateMachine(retries: retries)
        var seen = progress()
        var hasTold = false
        while true {
            let request = try make()
            let credentials = try credentials()
            let (next, attempt) = try attempt(request, credentials: credentials, machine: &machine) {
                defer { seen = progress() }
                return progress() > seen
            }
            switch next {
            case .done, .giveUp: return try conclude(attempt, what: what, attempts: machine.retries.failureCount)
            case .again(let nanoseconds):
                if !hasTold, machine.retries.failureCount == S3Store.troubleAttempts {
                    hasTold = true
                    tellTrouble(attempt, what: what)
                }
                clock.pause(nanoseconds)
            case .correctClock(let date):
                let offset = date.secondsSince1970 - clock.calendar().secondsSince1970
                learnt.withLock { $0.clockOffset = offset }
            case .useRegion(let region): learnt.withLock { $0.region = region }
            case .replaceCredentials:
                guard case .signed(let keeper) = configuration.authorization, let credentials,
                    try keeper.replacement(for: credentials) != nil
                else { return try conclude(attempt, what: what, attempts: 0) }
            }
        }
    }

    /// The error that a refusal is; `key` is the whole key or empty.
    func error(_ failure: S3Failure, _ what: String) -> StorageError {
        let code: StorageError.Code
        var advice = ""
        switch (failure.status, failure.code) {
        case (_, "NoSuchBucket"): (code, advice) = (.notFound, "; there is no bucket \(configuration.bucket)")
        case (401, _), (403, _):
            (code, advice) = (.denied, "; the credentials aren't known there or may not do that")
        case (404, _): code = .notFound
        case (412, _): code = .conditionFailed
        case (301, _), (307, _), (_, "AuthorizationHeaderMalformed"):
            (code, advice) = (.invalid, "; the bucket is in another region or at another address: set AWS_REGION")
        case (501, _), (_, "NotImplemented"): code = .unsupported
        case (_, "BadDigest"), (_, "XAmzContentSHA256Mismatch"), (_, "InvalidDigest"): code = .damaged
        case (_, "EntityTooLarge"): code = .tooLarge
        case (408, _), (429, _), (500..., _), (_, "SlowDown"), (_, "RequestTimeout"), (409, _): code = .unreachable
        case (_, "ExpiredToken"), (_, "InvalidToken"): (code, advice) = (.denied, "; the credentials have ended")
        default: code = .invalid
        }
        return StorageError(code, "\(what): \(authority) answered \(redacted(failure.words))\(advice)")
    }

    private var authority: String { configuration.endpoint.origin.description }

    private func credentials() throws(StorageError) -> Credentials? {
        guard case .signed(let keeper) = configuration.authorization else { return nil }
        return try keeper.credentials()
    }

    /// Shorter ones are none, and would garble every word that holds them.
    private static let leastSecretBytes = 8

    /// Takes out what a server might echo of our secrets.
    private func redacted(_ text: String) -> String {
        let secrets: [Secret<String>?]
        switch configuration.authorization {
        case .anonymous: secrets = []
        case .bearer(let token): secrets = [token]
        case .signed(let keeper):
            let known = keeper.known
            secrets = [known?.secretKey, known?.sessionToken]
        }
        return secrets.compactMap { $0?.reveal }.filter { $0.utf8.count >= S3Store.leastSecretBytes }.reduce(text) {
            $0.replacing($1, with: "***")
        }
    }

    private func attempt(
        _ request: S3Request,
        credentials: Credentials?,
        machine: inout S3CallStateMachine,
        hasProgressed: () -> Bool
    ) throws(StorageError) -> (S3CallStateMachine.Next, Result<S3Outcome, StorageError>) {
        let (region, offset) = learnt.withLock { ($0.region, $0.clockOffset) }
        let signed = CalendarTime(secondsSince1970: clock.calendar().secondsSince1970 + offset)
        let time = machine.retries.remaining(now: clock.monotonic.now)
        let call = try signedCall(request, credentials: credentials, region: region, at: signed, time: time)
        do throws(StorageError) {
            let answer = try connections.send(call, byteLimit: request.byteLimit, sink: request.sink)
            let failure = S3Failure(answer)
            let isSuccess = (200..<300).contains(answer.head.status)
            if isSuccess && (!request.mayFailLate || failure.code.isEmpty) {
                return (.done, .success(.success(answer)))
            }
            let next = machine.refused(
                failure,
                region: region,
                signed: credentials == nil ? nil : signed,
                now: clock.monotonic.now
            )
            return (next, .success(.refused(failure)))
        } catch {
            let now = clock.monotonic.now
            if hasProgressed() { machine.retries.progressed(now: now) }
            return (machine.failed(error.code, now: now), .failure(error))
        }
    }

    /// After so many attempts whoever waits is told why.
    private static let troubleAttempts = 4

    private func tellTrouble(_ attempt: Result<S3Outcome, StorageError>, what: String) {
        guard let onTrouble = configuration.onTrouble else { return }
        switch attempt {
        case .failure(let error): onTrouble("\(what): \(error.message); trying again")
        case .success(.refused(let failure)): onTrouble("\(error(failure, what).message); trying again")
        case .success(.success): break
        }
    }

    private func conclude(
        _ attempt: Result<S3Outcome, StorageError>,
        what: String,
        attempts: Int
    ) throws(StorageError) -> S3Outcome {
        switch attempt {
        case .success(let outcome): return outcome
        case .failure(let error):
            let count = attempts > 1 ? " (\(attempts) attempts)" : ""
            throw StorageError(error.code, "\(what): \(error.message)\(count)", cause: error.cause)
        }
    }
}
