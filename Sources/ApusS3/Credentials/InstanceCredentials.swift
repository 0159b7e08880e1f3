package import ApusStorage

/// Credentials of a machine at AWS, from its metadata service, version 2 only: a token first, by PUT.
package struct InstanceCredentials: CredentialsSource {
    package let name = "instance metadata"
    private let environment: [String: String]
    private let client: CredentialsClient

    /// Looks in these variables.
    package init(environment: [String: String], client: CredentialsClient) {
        self.environment = environment
        self.client = client
    }

    package func load() throws(StorageError) -> Credentials? {
        guard environment.nonEmpty("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
        let named = environment.nonEmpty("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        guard let (origin, _) = HTTPOrigin.parse(named ?? "http://169.254.169.254") else {
            throw StorageError(.invalid, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no http or https address")
        }
        guard let token = try token(origin) else { return nil }
        let folder = "/latest/meta-data/iam/security-credentials/"
        guard let list = try text(origin, folder, token), let role = list.split(separator: "\n").first else {
            return nil
        }
        guard role.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"/?#%\\".utf8.contains($0) }) else {
            throw StorageError(.damaged, "\(origin) (\(name)) named a role that can't be one")
        }
        guard let answer = try get(origin, folder + role, token), let found = CredentialsDocument.read(answer) else {
            throw StorageError(.damaged, "\(origin) (\(name)) answered without credentials")
        }
        return found
    }

    /// A token for the questions that follow; `nil` on machines without the service.
    private func token(_ origin: HTTPOrigin) throws(StorageError) -> Secret<String>? {
        let field = HTTPField(name: "x-aws-ec2-metadata-token-ttl-seconds", value: "21600")
        let call = HTTPCall(method: "PUT", origin: origin, target: "/latest/api/token", fields: [field])
        do throws(StorageError) {
            let answer = try client.send(call, for: name)
            guard answer.head.status == 200 else { return nil }
            return String(validating: answer.body, as: UTF8.self).flatMap { InstanceCredentials.fieldValue($0) }
        } catch let error where error.code == .unreachable {
            return nil
        }
    }

    private func text(_ origin: HTTPOrigin, _ path: String, _ token: Secret<String>) throws(StorageError) -> String? {
        try get(origin, path, token).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private func get(_ origin: HTTPOrigin, _ path: String, _ token: Secret<String>) throws(StorageError) -> [UInt8]? {
        let field = HTTPField(name: "x-aws-ec2-metadata-token", value: token.reveal)
        let answer = try client.send(HTTPCall(method: "GET", origin: origin, target: path, fields: [field]), for: name)
        return answer.head.status == 200 ? answer.body : nil
    }

    private static func fieldValue(_ text: String) -> Secret<String>? {
        let trimmed = text.trimmed
        return !trimmed.isEmpty && trimmed.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? Secret(trimmed) : nil
    }
}
