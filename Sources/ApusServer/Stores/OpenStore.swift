package import ApusStorage

/// Opens object stores by their addresses.
package enum OpenStore {
    /// Whether an address is a store's and not a folder's path.
    package static func isRemote(_ address: String) -> Bool {
        address.contains("://") && !address.hasPrefix("file://")
    }

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - address: A folder's path, `s3://BUCKET/PREFIX`, `http://…` or `https://…`.
    ///   - environment: The process's variables: credentials, region, endpoint.
    /// - Returns: The store; nothing has been asked of it yet.
    /// - Throws: `invalid` with what the address should look like.
    package static func open(_ address: String, environment: [String: String]) throws(StorageError) -> any ObjectStore {
        guard isRemote(address) else { return try LocalObjectStore(path: address) }
        throw StorageError(.invalid, "'\(address)' is no store that is known: s3://BUCKET/PREFIX, https://HOST/PATH or a folder")
    }
}
