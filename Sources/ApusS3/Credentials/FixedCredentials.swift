package import ApusStorage

/// Credentials that somebody wrote down.
package struct FixedCredentials: CredentialsSource {
    package let name: String
    private let credentials: Credentials

    /// Takes credentials that were given explicitly.
    package init(_ credentials: Credentials, name: String = "explicit credentials") {
        self.credentials = credentials
        self.name = name
    }

    package func load() throws(StorageError) -> Credentials? { credentials }
}

/// Credentials in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
package struct EnvironmentCredentials: CredentialsSource {
    package let name = "AWS_ACCESS_KEY_ID"
    private let environment: [String: String]

    /// Looks in these variables.
    package init(environment: [String: String]) {
        self.environment = environment
    }

    package func load() throws(StorageError) -> Credentials? {
        let identifier = environment.nonEmpty("AWS_ACCESS_KEY_ID")
        let secret = environment.nonEmpty("AWS_SECRET_ACCESS_KEY")
        switch (identifier, secret) {
        case (nil, nil): return nil
        case (let identifier?, let secret?):
            return Credentials(
                accessKeyID: identifier,
                secretKey: Secret(secret),
                sessionToken: environment.nonEmpty("AWS_SESSION_TOKEN").map { Secret($0) }
            )
        default:
            let missing = identifier == nil ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"
            throw StorageError(.invalid, "\(missing) isn't set, and its other half is: set both or none")
        }
    }
}

extension [String: String] {
    /// A variable that is set and not empty, without space around it.
    func nonEmpty(_ name: String) -> String? {
        self[name].map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 }
    }
}
