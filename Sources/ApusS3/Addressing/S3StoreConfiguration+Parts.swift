internal import ApusStorage

extension S3StoreConfiguration {
    /// Bucket and prefix of an address.
    static func split(_ address: String) throws(StorageError) -> (bucket: String, prefix: String) {
        guard address.hasPrefix("s3://") else {
            throw StorageError(.invalid, "\(address): expected s3://bucket or s3://bucket/prefix")
        }
        let parts = address.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bucket = String(parts.first ?? "")
        let prefix = parts.count > 1 ? String(parts[1].reversed().drop { $0 == "/" }.reversed()) : ""
        guard isBucket(bucket) else {
            throw StorageError(
                .invalid,
                "\(address): the bucket \"\(bucket)\" can't be one: 3 to 255 letters, digits, '.', '-' and '_'"
            )
        }
        guard prefix.isEmpty || ObjectKey(prefix) != nil else {
            throw StorageError(
                .invalid,
                "\(address): the prefix \"\(prefix)\" can't be one: names joined by single slashes, none '.' or '..'"
            )
        }
        return (bucket, prefix)
    }

    /// The server that the variables name.
    static func endpoint(
        _ environment: [String: String],
        _ profile: Profile
    ) throws(StorageError) -> (origin: HTTPOrigin, path: String)? {
        let ignores = try isOn("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", environment)
        for name in ignores ? [] : ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "endpoint_url"] {
            guard let text = name == "endpoint_url" ? profile[name] : environment.nonEmpty(name) else { continue }
            guard let found = HTTPOrigin.parse(text) else {
                throw StorageError(.invalid, "\(name) is \"\(text)\": expected http://host:port or https://host")
            }
            return found
        }
        return nil
    }

    /// Where the variables want the bucket to stand.
    static func addressing(
        _ environment: [String: String],
        _ profile: Profile
    ) throws(StorageError) -> S3Addressing {
        let asked = environment.nonEmpty("APUS_S3_ADDRESSING") ?? profile["s3.addressing_style"]
        guard let text = asked else { return .automatic }
        guard let addressing = S3Addressing(rawValue: text) else {
            throw StorageError(.invalid, "APUS_S3_ADDRESSING is \"\(text)\": expected auto, path or virtual")
        }
        return addressing
    }

    /// Whether the variables want checksums with writes.
    static func sendsChecksums(_ environment: [String: String]) throws(StorageError) -> Bool? {
        switch environment.nonEmpty("AWS_REQUEST_CHECKSUM_CALCULATION")?.lowercased() {
        case nil: return nil
        case "when_supported": return true
        case "when_required": return false
        case let other?:
            throw StorageError(
                .invalid,
                "AWS_REQUEST_CHECKSUM_CALCULATION is \"\(other)\": expected when_supported or when_required"
            )
        }
    }

    /// Whether a variable says yes.
    static func isOn(_ name: String, _ environment: [String: String]) throws(StorageError) -> Bool {
        switch environment.nonEmpty(name)?.lowercased() {
        case nil, "0", "false", "no": return false
        case "1", "true", "yes": return true
        case let other?: throw StorageError(.invalid, "\(name) is \"\(other)\": expected 1 or 0")
        }
    }

    private static func isBucket(_ text: String) -> Bool {
        (3...255).contains(text.utf8.count) && text != "..."
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == 0x2d || byte == 0x2e || byte == 0x5f
            }
    }
}
