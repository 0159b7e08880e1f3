internal import ApusS3
package import ApusStorage
internal import CLinux

/// Opens object stores by their addresses.
package enum OpenStore {
    /// Whether an address is a store's and not a folder's path.
    package static func isRemote(_ address: String) -> Bool {
        address.contains("://") && !address.hasPrefix("file://")
    }

    /// An address that isn't to be taken for a folder's path, by a slip: `s3:bucket`, `s3:/bucket`.
    ///
    /// - Throws: `invalid` with what was probably meant.
    package static func refuseSlip(in address: String) throws(StorageError) {
        guard !address.contains("://"),
            let scheme = ["s3:", "http:", "https:"].first(where: address.lowercased().hasPrefix)
        else { return }
        throw StorageError(.invalid, "'\(address)' is no address: write \(scheme)//, or ./\(address) for a folder")
    }

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - address: A folder's path, `s3://BUCKET/PREFIX`, `http://…` or `https://…`.
    ///   - environment: The process's variables: credentials, region, endpoint.
    ///   - patience: How long it may not answer, in nanoseconds.
    ///   - isInBackground: Whether fetching gets only the processor time that others leave over.
    ///   - onTrouble: Told why a bucket is asked again and again.
    /// - Returns: The store; nothing has been asked of it yet.
    /// - Throws: `invalid` with what the address should look like.
    package static func open(
        _ address: String,
        environment: [String: String],
        patience: Int64 = 60_000_000_000,
        isInBackground: Bool = false,
        onTrouble: (@Sendable (String) -> Void)? = nil
    ) throws(StorageError) -> any ObjectStore {
        guard isRemote(address) else { return try LocalObjectStore(path: address) }
        let connections = isInBackground ? backgroundConnections : connections
        if address.hasPrefix("http://") || address.hasPrefix("https://") {
            var web = try HTTPObjectStore.Configuration(address: address, isSingle: isModelFile(address))
            web.retries.time = patience
            let store = try HTTPObjectStore(web, connections: connections)
            guard let key = store.onlyKey else { return store }
            return SingleObjectStore(key, in: store, named: store.location, location: store.location)
        }
        guard address.hasPrefix("s3://") else {
            throw StorageError(
                .invalid,
                "'\(address)' is no store that is known: s3://BUCKET/PREFIX, https://HOST/PATH or a folder was expected"
            )
        }
        var configuration = try S3StoreConfiguration(
            address: address,
            surroundings: Surroundings(environment: environment),
            connections: connections
        )
        configuration.store.retries.time = patience
        configuration.store.onTrouble = onTrouble
        return S3Store(configuration.store, connections: connections)
    }

    /// Whether a web address names one model's file.
    private static func isModelFile(_ address: String) -> Bool {
        address.prefix { $0 != "?" }.hasSuffix(".onnx")
    }

    /// The connections of all stores of the process, made when the first one is opened and open until it ends.
    private static let connections = HTTPConnections()

    /// The same for those who must not disturb others.
    private static let backgroundConnections: HTTPConnections = {
        var configuration = HTTPConnections.Configuration()
        configuration.prepareThread = { CLinux_lowerPriority() }
        return HTTPConnections(configuration)
    }()
}
