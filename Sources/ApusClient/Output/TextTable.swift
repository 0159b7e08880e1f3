/// Rows of text set in columns of even width.
package struct TextTable: Sendable {
    /// Where a cell stands in its column.
    package enum Alignment: Sendable {
        /// At the left, as words do.
        case left
        /// At the right, as whole numbers do.
        case right
        /// With the decimal points under each other.
        case decimal
    }

    /// A column's title and how its cells stand.
    package struct Column: Sendable {
        /// The title in the first line.
        let title: String
        /// How the cells stand.
        let alignment: Alignment

        /// Describes a column.
        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    /// Starts a table without rows.
    package init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row; missing cells are empty, surplus ones dropped, control characters escaped.
    package mutating func append(_ cells: [String]) {
        let padding = max(0, columns.count - cells.count)
        let row = cells.prefix(columns.count).map(Terminal.printable)
        rows.append(row + Array(repeating: "", count: padding))
    }

    /// The table as lines, title first, each ended by a line feed.
    package var text: String {
        var lines = Array(repeating: "", count: rows.count + 1)
        for (index, column) in columns.enumerated() {
            let isLast = index == columns.count - 1
            let cells = TextTable.set(rows.map { $0[index] }, in: column)
            for (line, cell) in cells.enumerated() {
                lines[line] += index == 0 ? cell : "  " + cell
                if isLast { lines[line] = TextTable.withoutTrailingSpaces(lines[line]) }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Brings a column's title and cells to one width.
    private static func set(_ cells: [String], in column: Column) -> [String] {
        let title = Terminal.printable(column.title)
        let body = column.alignment == .decimal ? alignedAtPoint(cells) : cells
        let width = max(title.count, body.lazy.map(\.count).max() ?? 0)
        return ([title] + body).map { cell in
            let space = String(repeating: " ", count: width - cell.count)
            return column.alignment == .left ? cell + space : space + cell
        }
    }

    private static func alignedAtPoint(_ cells: [String]) -> [String] {
        // Counts the point and what follows it; an exponent without a point counts in its place.
        let tails = cells.map { cell in cell.count - cell.prefix { $0 != "." && $0 != "e" }.count }
        let longest = tails.max() ?? 0
        return zip(cells, tails).map { cell, tail in cell + String(repeating: " ", count: longest - tail) }
    }

    private static func withoutTrailingSpaces(_ line: String) -> String {
        String(line[..<(line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)])
    }
}
