internal import ApusStorage
internal import FoundationEssentials

/// The JSON document by which containers and instances are given credentials.
struct CredentialsDocument: Decodable {
    private let accessKeyID: String
    private let secretAccessKey: String
    private let token: String?
    private let expiration: String?

    private enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
    }

    /// Reads a document; `nil` when it isn't one, or its time can't be read.
    static func read(_ bytes: [UInt8]) -> Credentials? {
        guard let document = try? JSONDecoder().decode(CredentialsDocument.self, from: Data(bytes)) else { return nil }
        let expires = document.expiration.map { CalendarTime(iso8601: $0) }
        if case .some(.none) = expires { return nil }
        guard !document.accessKeyID.isEmpty, !document.secretAccessKey.isEmpty else { return nil }
        return Credentials(
            accessKeyID: document.accessKeyID,
            secretKey: Secret(document.secretAccessKey),
            sessionToken: document.token.flatMap { $0.isEmpty ? nil : Secret($0) },
            expires: expires ?? nil
        )
    }
}
