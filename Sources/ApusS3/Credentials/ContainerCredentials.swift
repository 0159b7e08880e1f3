package import ApusStorage

/// Credentials of a container, from the server that `AWS_CONTAINER_CREDENTIALS_FULL_URI` or
/// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` names.
package struct ContainerCredentials: CredentialsSource {
    package let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    private let surroundings: Surroundings
    private let client: CredentialsClient

    /// The only hosts that are asked without TLS: ECS', EKS' and this one.
    private static let plainHosts: Set = [
        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "127.0.0.1", "[::1]", "localhost",
    ]

    /// Looks in these surroundings.
    package init(surroundings: Surroundings, client: CredentialsClient) {
        self.surroundings = surroundings
        self.client = client
    }

    package func load() throws(StorageError) -> Credentials? {
        let environment = surroundings.environment
        let address: String
        if let relative = environment.nonEmpty("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            address = "http://169.254.170.2" + (relative.hasPrefix("/") ? "" : "/") + relative
        } else if let full = environment.nonEmpty("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            address = full
        } else {
            return nil
        }
        guard let (origin, path, query) = ContainerCredentials.split(address) else {
            throw StorageError(.invalid, "\(name) is no http or https address")
        }
        guard origin.isSecure || ContainerCredentials.plainHosts.contains(origin.host) else {
            throw StorageError(.invalid, "\(name): \(origin.host) is asked for credentials over https only")
        }
        let token = try token()
        let call = HTTPCall(
            method: "GET",
            origin: origin,
            target: (path.isEmpty ? "/" : path) + query,
            fields: token.map { [HTTPField(name: "authorization", value: $0.reveal)] } ?? []
        )
        let answer = try client.send(call, for: name)
        guard answer.head.status == 200 else {
            throw StorageError(.denied, "\(origin) (\(name)) refused: status \(answer.head.status)")
        }
        guard let found = CredentialsDocument.read(answer.body) else {
            throw StorageError(.damaged, "\(origin) (\(name)) answered without credentials")
        }
        return found
    }

    private func token() throws(StorageError) -> Secret<String>? {
        let environment = surroundings.environment
        var token = environment.nonEmpty("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if let path = environment.nonEmpty("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            guard let content = surroundings.readFile(path), let text = String(validating: content, as: UTF8.self)
            else {
                throw StorageError(
                    .denied,
                    "the token file \(path) (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE) can't be read"
                )
            }
            token = text.trimmed
        }
        guard let token else { return nil }
        guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw StorageError(.invalid, "the token for \(name) has line breaks in it")
        }
        return Secret(token)
    }

    private static func split(_ address: String) -> (origin: HTTPOrigin, path: String, query: String)? {
        let query = address.drop { $0 != "?" }
        return HTTPOrigin.parse(String(address.prefix { $0 != "?" })).map { ($0.origin, $0.path, String(query)) }
    }
}
