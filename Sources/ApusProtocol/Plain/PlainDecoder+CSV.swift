package import ApusCore

extension PlainDecoder {
    /// Decodes CSV: rows of the only input, or a first line that names inputs.
    ///
    /// - Throws: `invalidArgument` that names row and column at fault, `resourceExhausted` without memory.
    package func decode(
        csv: [UInt8],
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> PlainRequest {
        defer { reader.trim(keeping: 1 << 20) }
        do throws(PlainFault) {
            guard !csv.isEmpty else {
                throw PlainFault.text(field: "", message: "the body is empty: expected CSV", hint: "")
            }
            do throws(InferenceError) {
                // A copy of the body, and the JSON made of it: five bytes for an empty cell, six for an escaped one.
                let (byteCount, overflow) = csv.count.multipliedReportingOverflow(by: 7)
                try memory.charge(overflow ? .max / 2 : byteCount)
            } catch {
                throw PlainFault.memory(error)
            }
            var (columns, rows) = try columns(of: csv, model: model)
            var draft = Draft(model: model)
            draft.request.form = PlainForm(.predictions)
            draft.request.hasHeader = columns.hasHeader
            for index in columns.groups.indices {
                let group = columns.groups[index]
                try readColumns(group, rows: rows, into: &draft, memory: &memory)
                columns.groups[index].json = JSONText()
            }
            draft.fewestAdded = 0
            return try complete(&draft)
        } catch {
            throw error.inferenceError(model: model)
        }
    }

    /// Sorts the cells by their inputs and counts the rows.
    private func columns(
        of csv: [UInt8],
        model: ModelDescription
    ) throws(PlainFault) -> (columns: CSVColumns, rows: Int) {
        var cells = CSVCells(csv)
        let first = try row(of: &cells)
        guard let first else { throw .text(field: "", message: "the CSV has no row", hint: "") }
        var columns = try CSVColumns(first, model: model)
        for index in columns.groups.indices { columns.groups[index].json.openArray() }
        var rows = 0
        var next = columns.hasHeader ? try row(of: &cells) : first
        while let row = next {
            guard row.count == first.count else {
                throw .text(
                    field: "",
                    message: "row \(rows) has \(row.count) columns, and the first line has \(first.count)",
                    hint: "columns are separated by commas; text with a comma in it stands in quotes"
                )
            }
            var column = 0
            for index in columns.groups.indices {
                let isText = model.inputs[columns.groups[index].input].dataType == .bytes
                for cell in row[column..<column + columns.groups[index].width] {
                    columns.groups[index].json.append(cell, isText: isText)
                }
                column += columns.groups[index].width
            }
            rows += 1
            next = try self.row(of: &cells)
        }
        guard rows > 0 else {
            throw .text(field: "", message: "the CSV has a first line of names and no row", hint: "")
        }
        for index in columns.groups.indices { columns.groups[index].json.closeArray() }
        return (columns, rows)
    }

    private func row(of cells: inout CSVCells) throws(PlainFault) -> [CSVCells.Cell]? {
        var row: [CSVCells.Cell] = []
        while let cell = try cells.next(startsRow: row.isEmpty) {
            row.append(cell)
            guard row.count <= limits.maxElements else { break }
            if cell.endsRow { return row }
        }
        return row.isEmpty ? nil : row
    }

    /// Reads an input's cells, which are one array, and gives them the shape of rows.
    private func readColumns(
        _ group: CSVColumns.Group,
        rows: Int,
        into draft: inout Draft,
        memory: inout RequestMemory
    ) throws(PlainFault) {
        let input = draft.model.inputs[group.input]
        let flat = TensorSpecification(name: input.name, dataType: input.dataType, shape: [-1])
        let tensor = try unsafe withPadding(group.json.bytes, memory: &memory) {
            bytes,
            memory -> Result<Tensor, PlainFault> in
            do throws(PlainFault) {
                _ = try whole { reader throws(JSONFailure) in try unsafe reader.beginAny(bytes) }
                let place = PlainPlace(field: input.name, input: flat, columns: group.width)
                return .success(try readFlat(at: place, memory: &memory))
            } catch {
                return .failure(error)
            }
        }
        let flatTensor = try tensor.get()
        guard let shape = PlainDecoder.shape(rows: rows, columns: group.width, as: input.shape) else {
            throw .shape(PlainPlace(field: input.name, input: input), got: [rows, group.width])
        }
        draft.tensors[group.input] = Tensor(dataType: input.dataType, shape: shape, storage: flatTensor.storage)
    }

    /// The shape of rows of an input; `nil` when they don't fit it.
    static func shape(rows: Int, columns: Int, as expected: [Int]) -> TensorShape? {
        guard let first = expected.first else { return rows * columns == 1 ? TensorShape([]) : nil }
        if expected.count == 1 {
            // One number in each row, or all of them in one row.
            let size = columns == 1 ? rows : rows == 1 ? columns : -1
            return first == -1 || first == size ? TensorShape([size]) : nil
        }
        var sizes = [rows] + expected.dropFirst()
        let variable = sizes.indices.dropFirst().filter { sizes[$0] == -1 }
        guard first == -1 || first == rows, variable.count <= 1 else { return nil }
        guard let fixed = TensorShape(sizes.dropFirst().map { $0 == -1 ? 1 : $0 })?.elementCount else { return nil }
        if let axis = variable.first {
            guard fixed > 0, columns % fixed == 0 else { return nil }
            sizes[axis] = columns / fixed
        } else if fixed != columns {
            return nil
        }
        return TensorShape(sizes)
    }
}

extension JSONText {
    /// Writes a cell as an element: what isn't a number becomes a string, so that the reader names it.
    fileprivate mutating func append(_ cell: CSVCells.Cell, isText: Bool) {
        if isText || !PlainNumber.isNumber(cell.text) {
            string(cell.text)
        } else {
            raw(PlainNumber.json(cell.text))
        }
    }
}
