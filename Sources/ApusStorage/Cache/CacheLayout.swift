/// Where everything lies in a cache's folder.
///
/// | Path | What |
/// |---|---|
/// | `lock` | taken around every change that others could see |
/// | `versions/<digest>/…` | a version's files |
/// | `versions/<digest>.list` | their paths, sizes and digests; its own digest is the name |
/// | `versions/<digest>.lock` | shared: the version is in use; holds when it was last used |
/// | `fetching/<want>/…`, `.lock` | a version's files that are there, while others are fetched; who does it |
/// | `fetching/<object>-<state>.part`, `.reached`, `.lock` | a file that is being fetched; how far it is; who does it |
/// | `fetching/gone-…` | an evicted version on its way out |
/// | `objects/<location>-<object and state>` | the digest of an object that no manifest names |
/// | `small/<location>-<object and state>` | a small object's bytes |
/// | `sources/<location>.json` | `SourceRecord` |
struct CacheLayout: Sendable {
    /// The cache's folder.
    let path: String

    /// All folders that are always there.
    static let folders = ["versions", "fetching", "objects", "small", "sources"]

    /// How the names of versions begin that are on their way out.
    static let gonePrefix = "gone-"

    /// The lock around changes.
    var lock: String { "\(path)/lock" }
    /// Where the versions lie.
    var versions: String { "\(path)/versions" }
    /// Where things lie that aren't whole.
    var fetching: String { "\(path)/fetching" }
    /// Where digests of objects are remembered.
    var objects: String { "\(path)/objects" }
    /// Where small objects lie.
    var small: String { "\(path)/small" }

    /// A version's folder.
    func folder(_ hex: String) -> String { "\(versions)/\(hex)" }
    /// A version's list of files.
    func list(_ hex: String) -> String { "\(versions)/\(hex).list" }
    /// A version's lock.
    func lock(_ hex: String) -> String { "\(versions)/\(hex).lock" }

    /// The record of a source.
    func source(_ location: String) -> String { "\(path)/sources/\(CacheLayout.hex([location])).json" }

    /// How the names begin of what belongs to a source's objects.
    static func sourcePrefix(_ location: String) -> String { "\(hex([location]))-" }

    /// The name of what belongs to an object's state.
    static func stateName(_ object: StoredObject, in location: String) -> String {
        sourcePrefix(location) + hex(state(object))
    }

    /// The name of a file that is being fetched, beginning with what is the same for all states of the object.
    static func partName(_ object: StoredObject, in location: String) -> String {
        "\(hex([location, object.key.description]))-\(hex(state(object)))"
    }

    /// The name of a version that is being put together, before all digests are known.
    static func wantName(_ files: [WantedFile], in location: String) -> String {
        let fields = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
            .flatMap { [$0.path, $0.digest?.hex ?? ""] + state($0.object) }
        return hex([location] + fields)
    }

    private static func state(_ object: StoredObject) -> [String] {
        [object.key.description, object.tag.description, String(object.byteCount)]
    }

    /// 32 digits of the digest over texts, each with its length, so that no two lists of texts look the same.
    private static func hex(_ texts: [String]) -> String {
        String(SHA256Digest(of: texts.flatMap { Array("\($0.utf8.count):\($0)".utf8) }).hex.prefix(32))
    }
}
