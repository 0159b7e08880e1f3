internal import ApusCore

/// An answer as people read it: what each output is, then its values, row by row where the outputs share rows.
package struct AnswerTable: Sendable {
    /// The most rows written out.
    static let maxRows = 50
    /// The most values of an output written on one line.
    static let maxValuesPerRow = 12
    /// The longest text value written out.
    static let maxTextLength = 60

    private let model: String
    private let version: String
    private let outputs: [AnswerTensor]

    /// Reads a v2 inference response.
    package init(answer json: JSONValue) throws(ClientError) {
        self.model = json["model_name"]?.text ?? ""
        self.version = json["model_version"]?.text ?? ""
        self.outputs = try AnswerTensor.outputs(ofAnswer: json)
    }

    /// Reads a v2 inference response out of its bytes.
    package init(parsing bytes: [UInt8]) throws(ClientError) {
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes)
        } catch {
            throw ClientError(.invalidAnswer, "the answer is not JSON: \(error)", cause: error)
        }
        try self.init(answer: json)
    }

    /// The whole picture, ended by a line feed.
    package var text: String {
        var text = "model \(Terminal.printable(model))"
        text += version.isEmpty ? "\n\n" : ", version \(Terminal.printable(version))\n\n"
        var summary = TextTable([.init("OUTPUT"), .init("SHAPE"), .init("DATATYPE")])
        for output in outputs { summary.append([output.name, output.shape.description, output.datatype]) }
        text += summary.text
        // Rows in one table let a class stand beside its probabilities.
        if let rows = commonRows {
            text += "\n" + AnswerTable.rows(of: outputs, count: rows)
        } else {
            for output in outputs where output.shape.elementCount > 0 {
                let rows = output.shape.rank == 0 ? 1 : output.shape.dimensions[0]
                text += "\n" + AnswerTable.rows(of: [output], count: rows)
            }
        }
        return text
    }

    /// The size of the first dimension, when all outputs have it in common.
    private var commonRows: Int? {
        guard let first = outputs.first?.shape.dimensions.first, first > 0,
            outputs.allSatisfy({ $0.shape.dimensions.first == first && $0.shape.elementCount > 0 })
        else { return nil }
        return first
    }

    private static func rows(of outputs: [AnswerTensor], count: Int) -> String {
        var table = TextTable([.init("ROW", .right)] + outputs.flatMap(columns))
        for row in 0..<min(count, maxRows) {
            table.append([String(row)] + outputs.flatMap { cells(of: $0, row: row) })
        }
        var text = table.text
        if count > maxRows { text += "… \(count - maxRows) more rows; --output json has them all\n" }
        return text
    }

    /// A column for each value of a row: the first bears the output's name, the others only their index.
    private static func columns(of output: AnswerTensor) -> [TextTable.Column] {
        let width = output.valuesPerRow
        let alignment: TextTable.Alignment = output.datatype == "BYTES" ? .left : .decimal
        guard width > 1 else { return [.init(output.name, alignment)] }
        var columns: [TextTable.Column] = []
        for index in 0..<min(width, maxValuesPerRow) {
            columns.append(.init(index == 0 ? "\(output.name)[0]" : "[\(index)]", alignment))
        }
        if width > maxValuesPerRow { columns.append(.init("… \(width - maxValuesPerRow) more")) }
        return columns
    }

    private static func cells(of output: AnswerTensor, row: Int) -> [String] {
        let width = output.valuesPerRow
        let start = row * width
        var cells = output.values[start..<(start + min(width, maxValuesPerRow))].map { value in
            value.count > maxTextLength ? value.prefix(maxTextLength) + "…" : value
        }
        if width > maxValuesPerRow { cells.append("…") }
        return cells
    }
}
