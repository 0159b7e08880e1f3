internal import ApusCore
internal import ApusServer
internal import ApusStorage
internal import ArgumentParser

/// `apus history`: a model's versions, and what happened to its labels.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show a model's published versions and the moves of its labels, or one version in full.",
        discussion: """
            EXAMPLES
              apus history iris --store s3://models
              apus history iris 3
              apus history iris stable
            """
    )

    @Argument(help: "The model's name.")
    var name: String

    @Argument(help: "A version or a label, whose manifest is shown.")
    var version: String?

    @OptionGroup
    var store: StoreOptions

    func validate() throws {
        _ = try Words.selector(name, version)
    }

    func run() async throws {
        let selector = try Words.selector(name, version)
        let isOne = version != nil
        let text = try await store.withPublisher { publisher in
            guard isOne else { return HistoryCommand.text(try publisher.history(of: selector.name)) }
            return try publisher.manifestText(of: publisher.version(selector))
        }
        print(text, terminator: "")
    }

    private static func text(_ history: Publisher.History) -> String {
        var rows = [["VERSION", "PUBLISHED (UTC)", "FILES", "BYTES", "LABELS", "SIGNED", "METRICS"]]
        for record in history.records {
            let manifest = record.manifest?.contents
            let metrics = manifest?.metrics.map { "\($0.name)=\($0.value)" }.joined(separator: " ") ?? ""
            rows.append([
                record.version.description,
                manifest.map { CalendarTime(secondsSince1970: $0.created).description } ?? state(record.state),
                manifest.map { "\($0.files.count)" } ?? "-", "\(record.byteCount)",
                record.labels.map(\.description).joined(separator: ","), record.manifest?.signature?.keyID ?? "-",
                metrics,
            ])
        }
        var text = PublishingTable.text(rows)
        guard !history.moves.isEmpty else { return text }
        rows = [["TIME (UTC)", "LABEL", "FROM", "TO", "BY"]]
        for move in history.moves {
            rows.append([
                CalendarTime(secondsSince1970: move.time).description, move.label.description,
                move.from?.description ?? "-",
                (move.to?.description ?? "-") + (move.isRollback ? " (rollback)" : ""), move.by,
            ])
        }
        text += "\n" + PublishingTable.text(rows)
        return text
    }

    private static func state(_ state: Publisher.Record.State) -> String {
        switch state {
        case .published: "published"
        case .claimed: "being pushed"
        case .unmanaged: "without manifest"
        case .damaged: "damaged manifest"
        }
    }
}

/// Rows in columns.
enum PublishingTable {
    /// The rows, each column as wide as its widest cell; what a terminal would act on is left out.
    static func text(_ rows: [[String]]) -> String {
        let rows = rows.map {
            $0.map { String($0.unicodeScalars.filter { $0.properties.generalCategory != .control }) }
        }
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell + String(repeating: " ", count: max(0, widths[column] - cell.count) + 2)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }
        .joined()
    }
}
