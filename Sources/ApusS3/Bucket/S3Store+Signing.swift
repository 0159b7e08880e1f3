internal import ApusStorage
internal import NIOCore

extension S3Store {
    /// Makes a request what goes over the wire, signed by these credentials.
    func signedCall(
        _ request: S3Request,
        credentials: Credentials?,
        region: String,
        at time: CalendarTime,
        time nanoseconds: Int64
    ) throws(StorageError) -> HTTPCall {
        let endpoint = configuration.endpoint.moved(from: configuration.region, to: region)
        let (origin, path) = endpoint.place(bucket: configuration.bucket, key: request.key)
        var fields = request.fields
        switch configuration.authorization {
        case .anonymous: break
        case .bearer(let token):
            try refusePlainText(origin)
            fields.append(HTTPField(name: "authorization", value: "Bearer \(token.reveal)"))
        case .signed:
            guard let credentials else { break }
            fields = signed(request, fields, by: credentials, region: region, origin: origin, path: path, at: time)
        }
        let query = SignatureV4.canonicalQuery(request.query)
        return HTTPCall(
            method: request.method,
            origin: origin,
            target: query.isEmpty ? path : "\(path)?\(query)",
            fields: fields,
            body: request.body?.bytes,
            time: nanoseconds
        )
    }

    private func signed(
        _ request: S3Request,
        _ fields: [HTTPField],
        by credentials: Credentials,
        region: String,
        origin: HTTPOrigin,
        path: String,
        at time: CalendarTime
    ) -> [HTTPField] {
        let digest = request.body?.digest ?? SignatureV4.emptyPayload
        var all = fields
        all.append(HTTPField(name: "x-amz-date", value: time.basic))
        all.append(HTTPField(name: "x-amz-content-sha256", value: digest))
        if let token = credentials.sessionToken {
            all.append(HTTPField(name: "x-amz-security-token", value: token.reveal))
        }
        // What stands between here and the store may change other fields, so only these are signed.
        let bound = all.filter { $0.name.hasPrefix("x-amz-") || $0.name.hasPrefix("content-") }
        let head = SignatureV4.Head(
            method: request.method,
            path: path,
            query: request.query,
            fields: bound + [HTTPField(name: "host", value: origin.authority)],
            payloadDigest: digest
        )
        let signer = SignatureV4(accessKeyID: credentials.accessKeyID, secretKey: credentials.secretKey, region: region)
        all.append(HTTPField(name: "authorization", value: signer.authorization(for: head, at: time)))
        return all
    }

    /// A bearer token goes only where nobody can read it on the way.
    private func refusePlainText(_ origin: HTTPOrigin) throws(StorageError) {
        guard origin.isSecure || ["127.0.0.1", "[::1]", "localhost"].contains(origin.host) else {
            throw StorageError(.invalid, "\(origin): a bearer token isn't sent without TLS; use an https endpoint")
        }
    }
}
