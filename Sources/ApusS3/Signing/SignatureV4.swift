package import ApusStorage
internal import Crypto

/// AWS' Signature Version 4 over a request's head, in S3's form: the path is encoded once and not normalised.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
package struct SignatureV4: Sendable {
    /// What is signed of a request.
    package struct Head: Sendable {
        /// The verb.
        package var method: String
        /// The path, encoded.
        package var path: String
        /// Names and values, not encoded, in any order.
        package var query: [QueryItem]
        /// The fields that are signed, `host` among them; names in any case.
        package var fields: [HTTPField]
        /// The body's SHA-256 in hexadecimal digits, or `SignatureV4.unsignedPayload`.
        package var payloadDigest: String

        /// Describes a request.
        package init(
            method: String,
            path: String,
            query: [QueryItem] = [],
            fields: [HTTPField],
            payloadDigest: String = SignatureV4.emptyPayload
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.fields = fields
            self.payloadDigest = payloadDigest
        }
    }

    /// The SHA-256 of no bytes.
    package static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// In place of a digest when the body isn't signed; only over TLS, which protects it.
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Who signs.
    package let accessKeyID: String
    /// With what.
    package let secretKey: Secret<String>
    /// For which region.
    package let region: String
    /// For which service: `s3`.
    package let service: String

    /// Makes a signer.
    package init(accessKeyID: String, secretKey: Secret<String>, region: String, service: String = "s3") {
        self.accessKeyID = accessKeyID
        self.secretKey = secretKey
        self.region = region
        self.service = service
    }

    /// The value of the field `Authorization`.
    package func authorization(for head: Head, at time: CalendarTime) -> String {
        let scope = "\(time.basicDay)/\(region)/\(service)/aws4_request"
        let fields = SignatureV4.canonicalFields(head.fields)
        let names = fields.map(\.name).joined(separator: ";")
        let canonical = SignatureV4.canonicalRequest(head, fields: fields, names: names)
        let toSign = "AWS4-HMAC-SHA256\n\(time.basic)\n\(scope)\n\(Digests.sha256Hex(canonical.utf8))"
        let signature = Digests.hex(hmac(toSign, key: signingKey(for: time)))
        return "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    }

    /// The query as it is sent and signed: encoded, sorted by name and then by value.
    package static func canonicalQuery(_ items: [QueryItem]) -> String {
        items.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { left, right in
                left.0 == right.0
                    ? left.1.utf8.lexicographicallyPrecedes(right.1.utf8)
                    : left.0.utf8.lexicographicallyPrecedes(right.0.utf8)
            }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    private static func canonicalRequest(_ head: Head, fields: [HTTPField], names: String) -> String {
        let lines = fields.map { "\($0.name):\($0.value)\n" }.joined()
        return [head.method, head.path, canonicalQuery(head.query), lines, names, head.payloadDigest]
            .joined(separator: "\n")
    }

    /// Names in lower case and sorted, values of one name joined by commas in their order, runs of spaces made one.
    private static func canonicalFields(_ fields: [HTTPField]) -> [HTTPField] {
        var values: [String: [String]] = [:]
        for field in fields {
            let trimmed = field.value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            values[field.name.lowercased(), default: []].append(trimmed)
        }
        return values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { HTTPField(name: $0.key, value: $0.value.joined(separator: ",")) }
    }

    private func signingKey(for time: CalendarTime) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(secretKey.reveal)".utf8))
        for part in [time.basicDay, region, service, "aws4_request"] {
            key = SymmetricKey(data: Array(hmac(part, key: key)))
        }
        return key
    }

    private func hmac(_ text: String, key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }
}
