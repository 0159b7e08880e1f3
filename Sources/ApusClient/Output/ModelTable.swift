package import ApusCore

/// The repository index as people and as programs read it.
package enum ModelTable {
    /// A table of names, versions, states and reasons.
    package static func text(_ entries: [RepositoryIndexEntry]) -> String {
        guard !entries.isEmpty else { return "The repository has no models.\n" }
        var table = TextTable([.init("NAME"), .init("VERSION", .right), .init("STATE"), .init("REASON")])
        for entry in entries {
            table.append([entry.name, entry.version?.description ?? "-", entry.state.rawValue, entry.reason])
        }
        return table.text
    }

    /// The v2 repository index as JSON, on one line.
    package static func json(_ entries: [RepositoryIndexEntry]) -> String {
        String(decoding: JSONValue.array(entries.map(\.json)).encoded, as: UTF8.self) + "\n"
    }
}
