package import ApusStorage

/// Who asks a store, and how it is proved.
package struct Credentials: Sendable, Hashable {
    /// The key's name, which isn't secret.
    package let accessKeyID: String
    /// The key.
    package let secretKey: Secret<String>
    /// What goes along with a key that was given for a time.
    package let sessionToken: Secret<String>?
    /// When they end; `nil` for never.
    package let expires: CalendarTime?

    /// Describes credentials.
    package init(
        accessKeyID: String,
        secretKey: Secret<String>,
        sessionToken: Secret<String>? = nil,
        expires: CalendarTime? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expires = expires
    }
}

/// One place that credentials come from.
package protocol CredentialsSource: Sendable {
    /// What people call it, for messages.
    var name: String { get }

    /// Asks it; `nil` when nothing says that it should be asked, so that the next one is.
    ///
    /// - Throws: `denied` when it should have them and hasn't, `unreachable` when it doesn't answer.
    func load() throws(StorageError) -> Credentials?
}

/// How requests are allowed.
package enum Authorization: Sendable {
    /// Not at all: a public bucket.
    case anonymous
    /// By signatures.
    case signed(CredentialsKeeper)
    /// By a bearer token, as Google's XML interface takes it.
    case bearer(Secret<String>)
}
