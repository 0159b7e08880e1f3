package import ApusCore

/// Where models lie: folders and files, read only.
///
/// Calls block, so they belong on a loading thread or before the server starts. Implementation guidance: nothing
/// outside the root may be reached, whatever the folders hold; sizes are bounded before memory is taken; entries come
/// sorted by name, so that the same storage gives the same history.
package protocol ModelStorage: Sendable {
    /// What people call the root, for messages: an absolute path, a bucket's address.
    var location: String { get }
    /// The last component of the location: the name of a model that lies directly in the root.
    var name: String { get }
    /// Everything in a folder, sorted by name.
    func entries(of folder: StoragePath) throws(ModelError) -> [StorageEntry]
    /// The bytes of a small file; one that is larger than `byteLimit` is refused.
    func contents(of file: StoragePath, byteLimit: Int) throws(ModelError) -> [UInt8]
    /// Opens a regular file, so that an engine can read it.
    func locate(_ file: StoragePath) throws(ModelError) -> StoredFile
    /// Whether a version has to be brought here, or checked against its digests, before it can be loaded.
    func mustPrepare(_ version: VersionFolder) -> Bool
    /// Brings a version's files here and checks them; `locate` finds them while what is returned is kept.
    ///
    /// - Throws: `unreachable` when that may go well later, `untrusted` when they aren't what their manifest says.
    func prepare(_ version: VersionFolder) throws(ModelError) -> (any Sendable)?
}

extension ModelStorage {
    /// Files that lie here need nothing.
    package func mustPrepare(_ version: VersionFolder) -> Bool { false }

    /// Does nothing: the files lie here.
    package func prepare(_ version: VersionFolder) throws(ModelError) -> (any Sendable)? { nil }
}
