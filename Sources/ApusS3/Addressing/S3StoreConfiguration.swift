package import ApusStorage

/// What `s3://bucket/prefix` and the usual variables say of a store.
///
/// Read: `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the variables of credentials,
/// `AWS_REQUEST_CHECKSUM_CALCULATION`, the profile's `region`, `endpoint_url` and `s3.addressing_style`, and our own
/// `APUS_S3_ADDRESSING`, `APUS_S3_ANONYMOUS`, `APUS_S3_BEARER_TOKEN`.
package struct S3StoreConfiguration: Sendable {
    /// What the store is made with, but for the credentials.
    package var store: S3Store.Configuration

    /// Reads an address with the variables that go with it.
    ///
    /// - Parameters:
    ///   - address: `s3://bucket` or `s3://bucket/prefix`.
    ///   - surroundings: The variables and files of the process.
    ///   - connections: Over which credentials are asked for.
    ///   - clock: The clocks of the store.
    /// - Throws: `invalid`, which names what can't be right and how it should look.
    package init(
        address: String,
        surroundings: Surroundings,
        connections: HTTPConnections,
        clock: StoreClock = .system
    ) throws(StorageError) {
        let (bucket, prefix) = try S3StoreConfiguration.split(address)
        let environment = surroundings.environment
        let profile = try Profile(surroundings)
        let addressing = try S3StoreConfiguration.addressing(environment, profile)
        let named = try S3StoreConfiguration.endpoint(environment, profile)
        var region =
            environment.nonEmpty("AWS_REGION") ?? environment.nonEmpty("AWS_DEFAULT_REGION")
            ?? profile["region"]
        if named?.origin.host.hasSuffix("storage.googleapis.com") == true { region = region ?? "auto" }
        let signsFor = region ?? "us-east-1"
        let endpoint =
            if let named {
                S3Endpoint(origin: named.origin, basePath: named.path, addressing: addressing, bucket: bucket)
            } else {
                S3Endpoint(region: signsFor, addressing: addressing, bucket: bucket)
            }
        let access = Access(surroundings: surroundings, profile: profile, connections: connections, clock: clock)
        store = S3Store.Configuration(
            bucket: bucket,
            prefix: prefix,
            endpoint: endpoint,
            region: signsFor,
            authorization: try access.authorization(region: signsFor)
        )
        store.sendsChecksums = try S3StoreConfiguration.sendsChecksums(environment) ?? endpoint.isAWS
    }
}
