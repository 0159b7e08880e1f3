internal import ApusCore
internal import ApusProtocol

/// Says that somebody is putting a version's files together: `<model>/<version>/apus-push.json`.
///
/// Made by conditional create before the first file, taken away after the manifest. A version with a claim and without a
/// manifest isn't loaded by anybody.
struct PushClaim: Sendable, Equatable {
    private static let maxBytes = 64 << 10

    /// Who.
    let by: String
    /// Since when, in seconds since 1970.
    let time: Int64
    /// Tells it from any other claim.
    let token: String

    /// The claim's text.
    var text: [UInt8] {
        ReadableJSON.text(of: [
            .init("by", .string(by)), .init("time", .integer(time)), .init("token", .string(token)),
        ])
    }

    /// Reads the claim of a version; `nil` when there is none.
    static func read(of version: ModelID, in store: any ObjectStore) throws(StorageError) -> PushClaim? {
        let key = VersionManifest.claimKey(of: version)
        guard case .bytes(let bytes, _) = try store.read(key, byteLimit: maxBytes, unless: nil) else { return nil }
        let document = try DocumentMembers(parsing: bytes, place: key.description, maxValues: 100)
        return PushClaim(
            by: try document.text("by", orElse: ""),
            time: try document.integer("time", in: 0...Int64.max),
            token: try document.text("token")
        )
    }

    /// Claims a version's number.
    ///
    /// - Returns: Whether it is this one's claim that stands there now.
    /// - Throws: Why the store can't say.
    func place(on version: ModelID, in store: any ObjectStore) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try store.write(text, to: VersionManifest.claimKey(of: version), if: .absent)
            return true
        } catch {
            guard error.code == .conditionFailed else { throw error }
            // The answer to an earlier try may have got lost.
            return try PushClaim.read(of: version, in: store)?.token == token
        }
    }
}
