package import ApusStorage
internal import NIOCore

/// Credentials for a token in a file, as Kubernetes gives them to service accounts: `AWS_WEB_IDENTITY_TOKEN_FILE` and
/// `AWS_ROLE_ARN`, exchanged at STS by AssumeRoleWithWebIdentity, which isn't signed.
package struct WebIdentityCredentials: CredentialsSource {
    package let name = "AWS_WEB_IDENTITY_TOKEN_FILE"
    private let surroundings: Surroundings
    private let client: CredentialsClient
    private let profile: Profile
    private let region: String

    /// Looks in these surroundings.
    package init(surroundings: Surroundings, client: CredentialsClient, profile: Profile, region: String) {
        self.surroundings = surroundings
        self.client = client
        self.profile = profile
        self.region = region
    }

    package func load() throws(StorageError) -> Credentials? {
        let environment = surroundings.environment
        let path = environment.nonEmpty("AWS_WEB_IDENTITY_TOKEN_FILE") ?? profile["web_identity_token_file"]
        guard let path else { return nil }
        guard let role = environment.nonEmpty("AWS_ROLE_ARN") ?? profile["role_arn"] else {
            throw StorageError(.invalid, "\(name) is set and AWS_ROLE_ARN isn't: set both or none")
        }
        guard let content = surroundings.readFile(path), let token = String(validating: content, as: UTF8.self) else {
            throw StorageError(.denied, "the token file \(path) (\(name)) isn't there, or can't be read as text")
        }
        let session = environment.nonEmpty("AWS_ROLE_SESSION_NAME") ?? profile["role_session_name"] ?? "apus"
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", session), ("WebIdentityToken", token.trimmed),
        ]
        let body = form.map { "\($0)=\(PercentEncoding.encode($1))" }.joined(separator: "&")
        let (origin, target) = try endpoint()
        let call = HTTPCall(
            method: "POST",
            origin: origin,
            target: target.isEmpty ? "/" : target,
            fields: [HTTPField(name: "content-type", value: "application/x-www-form-urlencoded")],
            body: ByteBuffer(string: body)
        )
        return try credentials(from: try client.send(call, for: name))
    }

    private func credentials(from answer: HTTPAnswer) throws(StorageError) -> Credentials {
        let document = try? XMLReader.read(answer.body)
        guard answer.head.status == 200 else {
            let code = document?["Error"]?["Code"]?.text.filter { $0.isASCII && $0.isLetter }.prefix(60) ?? ""
            throw StorageError(.denied, "STS refused the token (\(name)): status \(answer.head.status) \(code)")
        }
        let found = document?["AssumeRoleWithWebIdentityResult"]?["Credentials"]
        guard let identifier = found?["AccessKeyId"]?.text, let secret = found?["SecretAccessKey"]?.text,
            let token = found?["SessionToken"]?.text, !identifier.isEmpty, !secret.isEmpty,
            let expires = found?["Expiration"].flatMap({ CalendarTime(iso8601: $0.text) })
        else { throw StorageError(.damaged, "STS (\(name)) answered without credentials") }
        return Credentials(
            accessKeyID: identifier,
            secretKey: Secret(secret),
            sessionToken: Secret(token),
            expires: expires
        )
    }

    private func endpoint() throws(StorageError) -> (origin: HTTPOrigin, path: String) {
        for variable in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
            guard let text = surroundings.environment.nonEmpty(variable) else { continue }
            guard let found = HTTPOrigin.parse(text) else {
                throw StorageError(.invalid, "\(variable) is \"\(text)\": expected http://host:port or https://host")
            }
            return found
        }
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return (HTTPOrigin(isSecure: true, host: "sts.\(region).\(domain)", port: 443), "")
    }
}
