internal import ApusCore
internal import ApusModels
internal import ApusScheduling
internal import ApusTelemetry
internal import Logging
internal import NIOCore

/// Loads everything that would be live, without opening a port.
package struct RepositoryCheck {
    /// What was found.
    package struct Report: Sendable {
        /// A table for people.
        package let text: String
        /// Whether everything can be served.
        package let isWell: Bool
    }

    private let configuration: ServerConfiguration

    /// Prepares a check.
    package init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
    }

    /// Loads and unloads.
    ///
    /// - Throws: When the repository itself can't be read.
    package func run() async throws -> Report {
        var configuration = configuration
        // The report says it all, once.
        configuration.logLevel = .critical
        return try await ServerAssembly(configuration).loadedOnce { manager, listing in
            RepositoryCheck.report(manager.index(), notes: listing.models.compactMap(RepositoryCheck.note))
        }
    }

    /// What a model's configuration says in vain; `nil` when all of it counts, or when it can't be read at all.
    private static func note(_ folder: ModelFolder) -> String? {
        guard let ignored = try? ModelPlan(folder).ignoredFields, !ignored.isEmpty else { return nil }
        return "note \(folder.name): \(ModelFolder.configurationFilename) has fields that are read and not acted on: "
            + ignored.joined(separator: ", ")
    }

    private static func report(_ entries: [RepositoryIndexEntry], notes: [String]) -> Report {
        var text = ""
        let failures = entries.filter(\.hasFailed)
        for entry in entries {
            let version = entry.version.map { " version \($0)" } ?? ""
            let isBad = failures.contains(entry)
            text += "\(isBad ? "FAIL" : "ok  ") \(entry.name)\(version)"
            text += isBad ? ": \(entry.reason)\n" : "\n"
        }
        for note in notes { text += "\(note)\n" }
        if entries.isEmpty {
            text += "no models found: put each in a folder of its own, as in iris/1/model.onnx\n"
        }
        text += "\(entries.count - failures.count) can be served, \(failures.count) can't\n"
        return Report(text: text, isWell: failures.isEmpty && !entries.isEmpty)
    }
}

extension ServerAssembly {
    /// Loads everything that would be live, without opening a port, and lets it go when it has been looked at.
    ///
    /// - Parameter look: Told when every version is live or has failed.
    /// - Returns: What was seen.
    /// - Throws: When the repository itself can't be read.
    func loadedOnce<Result>(
        _ look: (ModelManager<LoadedModel>, RepositoryListing) -> Result
    ) async throws -> Result {
        let listing = try await listRepository()
        await manager.loadAll(listing)
        let result = look(manager, listing)
        await manager.unloadAll()
        try? await group.shutdownGracefully()
        return result
    }
}
