/// A table of comma-separated values as RFC 4180 has them: all rows equally wide, quotes and line feeds in quotes.
package struct CSVTable: Sendable, Hashable {
    /// One row and where it stands.
    package struct Row: Sendable, Hashable {
        /// The line in the file on which it starts, from 1.
        package let line: Int
        /// Its cells, unquoted.
        package let cells: [String]
    }

    /// The rows, blank lines left out; at least one, each with as many cells as the first.
    package let rows: [Row]

    /// Reads a table; a byte order mark is skipped, both kinds of line ends are taken.
    package init(parsing bytes: [UInt8]) throws(ClientError) {
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        var reader = CSVReader(content)
        var rows: [Row] = []
        while let row = try reader.row() {
            if let first = rows.first, first.cells.count != row.cells.count {
                let expected = "the first row has \(first.cells.count)"
                throw CSVTable.fault(line: row.line, "\(row.cells.count) columns, \(expected)")
            }
            rows.append(row)
        }
        guard !rows.isEmpty else { throw ClientError(.invalidInput, "the CSV input is empty: a row is expected") }
        self.rows = rows
    }

    /// A fault of a line.
    static func fault(line: Int, _ message: String) -> ClientError {
        ClientError(.invalidInput, "CSV line \(line): \(message)")
    }
}
