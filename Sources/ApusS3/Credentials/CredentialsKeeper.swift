package import ApusStorage
internal import Synchronization

/// Holds the credentials of a store, and asks for new ones five minutes before the old ones end, one caller at a time.
package final class CredentialsKeeper: Sendable {
    /// How long before their end new ones are asked for, in seconds.
    package static let margin: Int64 = 300
    /// How long nobody asks again while the old ones are still good, in seconds: each question can stall a request.
    package static let pause: Int64 = 60

    private let sources: [any CredentialsSource]
    private let clock: StoreClock
    private let current: Mutex<Credentials?>
    /// When the sources were asked last, in seconds since 1970; who asks holds it.
    private let lastQuestion = Mutex<Int64?>(nil)

    /// Keeps what the first of the sources gives that has any.
    package init(sources: [any CredentialsSource], clock: StoreClock = .system) {
        self.sources = sources
        self.clock = clock
        self.current = Mutex(nil)
    }

    /// Credentials that are good for now.
    ///
    /// Who comes within the last five minutes while somebody else asks already, or did a short time ago, gets the old ones;
    /// who comes after their end waits for the new ones.
    package func credentials() throws(StorageError) -> Credentials {
        let now = clock.calendar()
        let known = current.withLock { $0 }
        guard let known else { return try refresh(unlessOtherThan: nil) }
        guard let expires = known.expires else { return known }
        if now.secondsSince1970 < expires.secondsSince1970 - CredentialsKeeper.margin { return known }
        guard now < expires else { return try refresh(unlessOtherThan: known) }
        let asked: Credentials?? = lastQuestion.withLockIfAvailable { last in
            // A clock that was set back must not put the question off.
            if let last, (last..<last + CredentialsKeeper.pause).contains(now.secondsSince1970) { return nil }
            return try? load(&last)
        }
        return (asked ?? nil) ?? known
    }

    /// The ones that were given last, for taking them out of messages.
    var known: Credentials? { current.withLock { $0 } }

    /// New ones in the place of those that a server has refused.
    ///
    /// - Returns: `nil` when there are no others: asking again gave the same.
    package func replacement(for refused: Credentials) throws(StorageError) -> Credentials? {
        let other = try refresh(unlessOtherThan: refused)
        return other == refused ? nil : other
    }

    private func refresh(unlessOtherThan old: Credentials?) throws(StorageError) -> Credentials {
        let outcome: Result<Credentials, StorageError> = lastQuestion.withLock { last in
            if let known = current.withLock({ $0 }), known != old { return .success(known) }
            return Result { () throws(StorageError) in try load(&last) }
        }
        return try outcome.get()
    }

    private func load(_ last: inout Int64?) throws(StorageError) -> Credentials {
        last = clock.calendar().secondsSince1970
        for source in sources {
            if let found = try source.load() {
                current.withLock { $0 = found }
                return found
            }
        }
        throw StorageError(
            .denied,
            "no credentials: looked in \(sources.map(\.name).joined(separator: ", ")). Set AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY, or APUS_S3_ANONYMOUS=1 for a public bucket"
        )
    }
}
