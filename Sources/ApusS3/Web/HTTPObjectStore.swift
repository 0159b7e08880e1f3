package import ApusStorage
internal import Synchronization

/// A web server as an object store, to read only: a folder with an `apus-index.json`, or one file.
package final class HTTPObjectStore: ReadOnlyObjectStore {
    /// What differs between stores.
    package struct Configuration: Sendable {
        /// The server.
        package var origin: HTTPOrigin
        /// The folder's path, encoded, without a slash at its end; or the file's.
        package var path: String
        /// What follows the path in every request, from `?` on; may hold a signature, so no message has it.
        package var query = ""
        /// Whether this is one file and not a folder.
        package var isSingle: Bool
        /// The value of the field `Authorization`.
        package var authorization: Secret<String>?
        /// How patient calls are.
        package var retries = RetryPlan.Limits()
        /// Objects up to this size are read in one piece, larger ones in pieces of this size, in bytes.
        package var pieceBytes = 16 << 20
        /// How many pieces are under way at a time.
        package var parallelPieces = 4

        /// Reads an address: `https://host/folder/`, or with `isSingle` that of a file.
        ///
        /// - Throws: `invalid` for anything else, also for one with a user and a password in it.
        package init(address: String, isSingle: Bool = false) throws(StorageError) {
            let shown = String(address.prefix { $0 != "?" })
            let query = address.drop { $0 != "?" }
            guard let (origin, path) = HTTPOrigin.parse(shown),
                query.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x23 }), isSingle || query.isEmpty
            else {
                throw StorageError(
                    .invalid,
                    "\(HTTPObjectStore.harmless(shown)): expected http://host/path or https://host/path, without a user, "
                        + "spaces or a fragment, and a query only for one file"
                )
            }
            self.origin = origin
            self.path = isSingle ? path : String(path.reversed().drop { $0 == "/" }.reversed())
            self.query = String(query)
            self.isSingle = isSingle
        }
    }

    package let location: String
    /// The only object there is; `nil` for a folder.
    package var onlyKey: ObjectKey? { configuration.isSingle ? HTTPObjectStore.singleKey(configuration.path) : nil }
    let configuration: Configuration
    let connections: HTTPConnections
    let clock: StoreClock
    let makeGenerator: S3Store.MakeGenerator
    private let ignoresRanges = Flag()
    /// Whether the index tells states apart by time and size.
    let hasIndexWithoutTags = Flag()

    /// Describes a server's folder or file; it isn't asked yet.
    ///
    /// - Throws: `invalid` when the address of a file has no name at its end.
    package init(
        _ configuration: Configuration,
        connections: HTTPConnections,
        clock: StoreClock = .system,
        makeGenerator: @escaping S3Store.MakeGenerator = { SystemRandomNumberGenerator() }
    ) throws(StorageError) {
        self.configuration = configuration
        self.connections = connections
        self.clock = clock
        self.makeGenerator = makeGenerator
        self.location = "\(configuration.origin)\(configuration.path)"
        if configuration.isSingle && HTTPObjectStore.singleKey(configuration.path) == nil {
            throw StorageError(.invalid, "\(location): the address of a file has to end with its name")
        }
    }

    package func list(_ prefix: String, limit: Int) throws(StorageError) -> [StoredObject] {
        let all = try configuration.isSingle ? single() : index()
        let found = all.filter { $0.key.description.utf8.starts(with: prefix.utf8) }.sorted { $0.key < $1.key }
        guard found.count <= limit else {
            throw StorageError(.tooLarge, "listing \(location)/\(prefix): there are more than \(limit) objects")
        }
        return found
    }

    package func fetch(
        _ object: StoredObject,
        into file: any WritableFile,
        progress: FetchProgress
    ) throws(StorageError) {
        let what = "fetching \(place(of: object.key))"
        let expectation = RangeSink.Expectation(object: object, what: what) { head in
            WebTag.tag(of: head, like: object.tag, byteCount: object.byteCount)
        }
        let fetcher = ObjectFetcher(
            expectation: expectation,
            pieceBytes: configuration.pieceBytes,
            parallelPieces: configuration.parallelPieces,
            threads: connections.threads
        ) { progress, make throws(StorageError) in
            let failure = try self.perform("GET", object.key, what: what, progress: progress) {
                let (sink, range) = make()
                return (WebTag.conditions(object.tag) + (range.map { [.range($0)] } ?? []), sink)
            }
            guard case .refused(let failure) = failure else { return }
            throw failure.fetchError(of: object, what: what) ?? self.error(failure, what)
        }
        if try fetcher.run(into: file, progress, ignoresRanges: ignoresRanges.isSet) { ignoresRanges.set() }
    }

    package var readOnlyReason: String {
        "\(location): a web server is read only; publish to a folder or an s3:// address"
    }

    /// An object's address without a query, for messages.
    func place(of key: ObjectKey) -> String {
        configuration.isSingle ? location : "\(location)/\(key)"
    }

    private func index() throws(StorageError) -> [StoredObject] {
        guard let key = ObjectKey(WebIndex.filename) else { return [] }
        guard case .bytes(let bytes, _) = try read(key, byteLimit: WebIndex.maxBytes, unless: nil) else {
            throw StorageError(
                .notFound,
                "\(location) has no \(WebIndex.filename), without which it can't be listed: write it with 'apus index --store "
                    + "DIR' in the folder that is served"
            )
        }
        let listed = try WebIndex.read(bytes, from: "\(location)/\(WebIndex.filename)")
        if listed.contains(where: { WebTag.isMade($0.tag) }) { hasIndexWithoutTags.set() }
        return listed
    }

    private func single() throws(StorageError) -> [StoredObject] {
        guard let key = HTTPObjectStore.singleKey(configuration.path), let found = try describe(key) else { return [] }
        return [found]
    }

    /// The key of the only object: the last name of its path.
    static func singleKey(_ path: String) -> ObjectKey? {
        path.split(separator: "/", omittingEmptySubsequences: false).last
            .flatMap { PercentEncoding.decode($0.replacing("+", with: "%2B")) }
            .flatMap { ObjectKey($0) }
    }

    /// An address without a user and a password, for messages.
    private static func harmless(_ address: String) -> String {
        guard let sign = address.lastIndex(of: "@") else { return address }
        return "…\(address[sign...])"
    }
}
