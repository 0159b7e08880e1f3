internal import ApusCore

extension RequestBuilder {
    /// Reads a table: columns by their names where there are several inputs, else all columns for the only one.
    func csvTensors(_ bytes: [UInt8]) throws(ClientError) -> [InputTensor] {
        let table = try CSVTable(parsing: bytes)
        let first = table.rows[0].cells
        if metadata.inputs.count > 1, first.contains(where: namesInput) {
            return try namedTensors(header: first, rows: table.rows.dropFirst())
        }
        let input = try soleInput(for: "a CSV file without a header that names them")
        let isHeader = isHeader(first, of: input)
        let rows = isHeader ? table.rows.dropFirst() : table.rows[...]
        return [try tensor(input, columns: Array(first.indices), header: isHeader ? first : nil, rows: rows)]
    }

    /// Tells a header from data: it holds the input's name, or nothing in it could be a value.
    private func isHeader(_ cells: [String], of input: TensorSpecification) -> Bool {
        if cells.contains(where: { RequestBuilder.names($0, input) }) { return true }
        guard input.dataType != .bytes else { return false }
        return cells.allSatisfy { (try? ElementRule(input.dataType).element(text: $0)) == nil }
    }

    private func namedTensors(
        header: [String],
        rows: ArraySlice<CSVTable.Row>
    ) throws(ClientError) -> [InputTensor] {
        var tensors: [InputTensor] = []
        for input in metadata.inputs {
            let columns = RequestBuilder.columns(of: input, in: header)
            if columns.isEmpty, input.isOptional { continue }
            guard !columns.isEmpty else {
                let message =
                    "the CSV header has no column for input '\(input.name)'; name it '\(input.name)', or "
                    + "'\(input.name)[0]', '\(input.name)[1]' … where a row of it has several values"
                throw ClientError(.invalidInput, message)
            }
            tensors.append(try tensor(input, columns: columns, header: header, rows: rows))
        }
        if let stranger = header.first(where: { !namesInput($0) }) {
            let names = metadata.inputs.map { "'\($0.name)'" }.joined(separator: ", ")
            let message = "CSV column '\(Terminal.printable(stranger))' is no input of the model; it takes \(names)"
            throw ClientError(.invalidInput, message)
        }
        return tensors
    }

    private func tensor(
        _ input: TensorSpecification,
        columns: [Int],
        header: [String]?,
        rows: ArraySlice<CSVTable.Row>
    ) throws(ClientError) -> InputTensor {
        guard !rows.isEmpty else { throw ClientError(.invalidInput, "the CSV input has a header and no row under it") }
        let shape = try ShapeFit(input).shape(rows: rows.count, columns: columns.count)
        let rule = ElementRule(input.dataType)
        var elements: [JSONValue] = []
        elements.reserveCapacity(shape.elementCount)
        for (index, row) in rows.enumerated() {
            for column in columns {
                do {
                    elements.append(try rule.element(text: row.cells[column]))
                } catch {
                    let title = header.map { " '\(Terminal.printable($0[column]))'" } ?? ""
                    let place = "row \(index + 1) (line \(row.line)), column \(column + 1)\(title)"
                    throw ClientError(.invalidInput, "input '\(input.name)', \(place): \(error.message)")
                }
            }
        }
        return InputTensor(input, shape: shape, elements: elements)
    }

    private func namesInput(_ title: String) -> Bool {
        metadata.inputs.contains { RequestBuilder.names(title, $0) }
    }

    /// Tells whether a title is an input's name, alone or with an index in brackets.
    private static func names(_ title: String, _ input: TensorSpecification) -> Bool {
        guard title.hasPrefix(input.name) else { return false }
        let rest = title.dropFirst(input.name.count)
        return rest.isEmpty || (rest.hasPrefix("[") && rest.hasSuffix("]") && Int(rest.dropFirst().dropLast()) != nil)
    }

    private static func columns(of input: TensorSpecification, in header: [String]) -> [Int] {
        if let column = header.firstIndex(of: input.name) { return [column] }
        var columns: [Int] = []
        while let column = header.firstIndex(of: "\(input.name)[\(columns.count)]") { columns.append(column) }
        return columns
    }
}
