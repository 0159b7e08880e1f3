package import ApusCore

/// Keeps versions that somebody may still be writing from being loaded, where no manifest says that they are whole.
///
/// A version counts as whole when nothing in it has changed for a while: by the storage's clock, or by looking twice. Until
/// then the listing has it as it was before, or as incomplete.
package struct SettlingRule: Sendable {
    private struct Seen: Sendable {
        var stamp: String
        var since: MonotonicTime
        var settled: VersionFolder?
    }

    private let nanoseconds: Int64
    private var seen: [ModelID: Seen] = [:]
    private var models: [ModelName: ModelFolder] = [:]

    /// Makes a rule.
    ///
    /// - Parameter nanoseconds: How long nothing may have changed.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// What of a listing may be loaded.
    ///
    /// - Parameters:
    ///   - listing: What was found.
    ///   - now: When it was found.
    ///   - seconds: The same in seconds since 1970.
    /// - Returns: The listing, and whether it's worth looking again soon.
    package mutating func judge(
        _ listing: RepositoryListing,
        now: MonotonicTime,
        seconds: Int64
    ) -> (listing: RepositoryListing, isUnsettled: Bool) {
        var isUnsettled = false
        var still: [ModelID: Seen] = [:]
        let judgedModels = listing.models.map { model in
            var isBeingRewritten = false
            let versions = model.versions.map { version in
                let id = ModelID(name: model.name, version: version.version)
                let (judged, record) = judge(version, of: id, now: now, seconds: seconds)
                still[id] = record
                if judged.stamp != version.stamp {
                    isUnsettled = true
                    if record?.settled != nil { isBeingRewritten = true }
                }
                return judged
            }
            // Another configuration would have its versions loaded anew, out of files that are being written.
            guard isBeingRewritten, let before = models[model.name] else { return model.replacing(versions) }
            return model.replacing(versions).keepingConfiguration(of: before)
        }
        seen = still
        models = Dictionary(uniqueKeysWithValues: judgedModels.map { ($0.name, $0) })
        return (RepositoryListing(models: judgedModels, unavailable: listing.unavailable), isUnsettled)
    }

    private func judge(
        _ version: VersionFolder,
        of id: ModelID,
        now: MonotonicTime,
        seconds: Int64
    ) -> (VersionFolder, Seen?) {
        // A manifest says that it's whole, and an unreadable folder isn't judged by its age.
        guard version.manifest == nil, version.fault?.code != .untrusted else { return (version, nil) }
        let stamp = version.stamp
        var record = seen[id] ?? Seen(stamp: stamp, since: now, settled: nil)
        if record.stamp != stamp {
            record.stamp = stamp
            record.since = now
        }
        let newest = version.entries.map { $0.modified ?? .max }.max() ?? .min
        // Whole seconds on both sides, so that one more has to have passed.
        let isOld = newest < seconds - nanoseconds / 1_000_000_000 - 1
        if isOld || Int64(clamping: now.nanoseconds(since: record.since)) >= nanoseconds {
            record.settled = version
            return (version, record)
        }
        if let before = record.settled { return (before, record) }
        return (version.incomplete(of: id.name), record)
    }
}

extension VersionFolder {
    /// What its files look like, without their content being read.
    var stamp: String {
        entries.map { "\($0.name)=\($0.stamp)" }.joined(separator: "/") + (fault?.code.label ?? "")
    }

    /// The same, not to be loaded yet.
    fileprivate func incomplete(of name: ModelName) -> VersionFolder {
        let reason =
            "version \(version) of '\(name)' has just been written to; it's loaded when nothing in it changes for a while"
        let fault = ModelError(.incomplete, reason)
        return VersionFolder(version: version, path: path, entries: entries, fault: fault, filename: filename)
    }
}
