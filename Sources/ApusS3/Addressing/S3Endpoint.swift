/// Whether the bucket stands in the host or in the path.
package enum S3Addressing: String, Sendable, Hashable {
    /// As the endpoint's name suggests.
    case automatic = "auto"
    /// `https://host/bucket/key`.
    case path
    /// `https://bucket.host/key`.
    case virtualHost = "virtual"
}

/// Where a bucket is asked: the server, what stands before the bucket in paths, and where the bucket stands.
package struct S3Endpoint: Sendable, Hashable {
    /// The server, without the bucket.
    package let origin: HTTPOrigin
    /// What comes before the bucket in every path, encoded, without a slash at its end; mostly empty.
    package let basePath: String
    /// Where the bucket stands; never `automatic`.
    package let addressing: S3Addressing

    /// A server that somebody named.
    package init(origin: HTTPOrigin, basePath: String = "", addressing: S3Addressing, bucket: String) {
        self.origin = origin
        self.basePath = String(basePath.reversed().drop { $0 == "/" }.reversed())
        self.addressing =
            addressing == .automatic ? S3Endpoint.addressing(host: origin.host, bucket: bucket) : addressing
    }

    /// AWS' own server of a region.
    package init(region: String, addressing: S3Addressing, bucket: String) {
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let origin = HTTPOrigin(isSecure: true, host: "s3.\(region).\(domain)", port: 443)
        self.init(origin: origin, addressing: addressing, bucket: bucket)
    }

    /// AWS' server of another region, when this is that of `region`; else the same.
    package func moved(from region: String, to other: String) -> S3Endpoint {
        let prefix = "s3.\(region).amazonaws.com"
        guard isAWS, origin.host.hasPrefix(prefix), region != other else { return self }
        let host = "s3.\(other).amazonaws.com\(origin.host.dropFirst(prefix.utf8.count))"
        return S3Endpoint(
            origin: HTTPOrigin(isSecure: origin.isSecure, host: host, port: origin.port),
            basePath: basePath,
            addressing: addressing
        )
    }

    private init(origin: HTTPOrigin, basePath: String, addressing: S3Addressing) {
        self.origin = origin
        self.basePath = basePath
        self.addressing = addressing
    }

    /// Where an object is: the server with the bucket in it where it belongs there, and the encoded path.
    package func place(bucket: String, key: String) -> (origin: HTTPOrigin, path: String) {
        let encoded = PercentEncoding.encodePath(key)
        guard addressing == .virtualHost else {
            let path = "\(basePath)/\(PercentEncoding.encode(bucket))"
            return (origin, encoded.isEmpty ? path : "\(path)/\(encoded)")
        }
        let host = HTTPOrigin(isSecure: origin.isSecure, host: "\(bucket).\(origin.host)", port: origin.port)
        return (host, "\(basePath)/\(encoded)")
    }

    /// Whether this is AWS itself.
    package var isAWS: Bool {
        origin.host.hasSuffix(".amazonaws.com") || origin.host.hasSuffix(".amazonaws.com.cn")
    }

    /// Path style where no name below the host can exist or its certificate can't name it.
    private static func addressing(host: String, bucket: String) -> S3Addressing {
        let isAddress = host.hasPrefix("[") || host.allSatisfy { $0.isNumber || $0 == "." }
        let isLocal = !host.contains(".") || [".localhost", ".local", ".internal"].contains { host.hasSuffix($0) }
        let isServiceInCluster = host.hasSuffix(".svc") || host.contains(".svc.")
        let isHostName = bucket == bucket.lowercased() && !bucket.contains(".") && !bucket.contains("_")
        return isAddress || isLocal || isServiceInCluster || !isHostName ? .path : .virtualHost
    }
}
