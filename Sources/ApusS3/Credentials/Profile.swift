package import ApusStorage

/// One profile of `~/.aws/credentials` and `~/.aws/config`: what both files say under its name.
package struct Profile: Sendable {
    /// Its name.
    package let name: String
    private let values: [String: String]

    /// Reads the profile that the variables name, or `default`.
    ///
    /// - Throws: `invalid` when a profile that was asked for by name isn't there.
    package init(_ surroundings: Surroundings) throws(StorageError) {
        let environment = surroundings.environment
        let asked = environment.nonEmpty("AWS_PROFILE") ?? environment.nonEmpty("AWS_DEFAULT_PROFILE")
        let name = asked ?? "default"
        let home = environment.nonEmpty("HOME").map { "\($0)/.aws" }
        let credentials = environment.nonEmpty("AWS_SHARED_CREDENTIALS_FILE") ?? home.map { "\($0)/credentials" }
        let config = environment.nonEmpty("AWS_CONFIG_FILE") ?? home.map { "\($0)/config" }
        let sections = [credentials, config].map { path in
            path.flatMap(surroundings.readFile).map { ProfileFile.sections($0) } ?? [:]
        }
        let found = [
            sections[0][name], sections[1]["profile \(name)"] ?? (name == "default" ? sections[1][name] : nil),
        ]
        if asked != nil && found.allSatisfy({ $0 == nil }) {
            let places = [credentials, config].compactMap { $0 }.joined(separator: " nor ")
            throw StorageError(.invalid, "AWS_PROFILE is \"\(name)\": there is no such profile in \(places)")
        }
        self.name = name
        // What stands in credentials goes before.
        self.values = (found[1] ?? [:]).merging(found[0] ?? [:]) { $1 }
    }

    /// A value; of a nested one as `s3.addressing_style`.
    package subscript(key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
}

/// Credentials that stand in a profile.
package struct ProfileCredentials: CredentialsSource {
    package let name: String
    private let profile: Profile

    /// Looks in this profile.
    package init(_ profile: Profile) {
        self.profile = profile
        self.name = "profile \(profile.name) in ~/.aws"
    }

    package func load() throws(StorageError) -> Credentials? {
        if let identifier = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] {
            return Credentials(
                accessKeyID: identifier,
                secretKey: Secret(secret),
                sessionToken: profile["aws_session_token"].map { Secret($0) }
            )
        }
        for key in ["role_arn", "credential_process", "sso_session", "sso_start_url"] where profile[key] != nil {
            throw StorageError(
                .unsupported,
                "\(name) has \(key), which isn't read here: give keys, or a web identity token file, or variables that "
                    + "`aws configure export-credentials --format env` prints"
            )
        }
        return nil
    }
}
