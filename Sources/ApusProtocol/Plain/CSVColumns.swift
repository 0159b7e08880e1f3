internal import ApusCore

/// Which columns of a CSV text belong to which input.
struct CSVColumns {
    /// The columns of one input, which lie beside each other.
    struct Group {
        /// The input's index in the model.
        let input: Int
        /// How many columns it has; elements of a row.
        var width: Int
        /// The JSON array that its cells make, all rows behind each other.
        var json = JSONText()
    }

    var groups: [Group]
    /// Whether the first line was no row.
    let hasHeader: Bool

    /// Reads the first line: names of inputs, titles of the columns of the only input, or a row.
    ///
    /// - Throws: For names that aren't all the model's, and a model of several inputs without names.
    init(_ first: [CSVCells.Cell], model: ModelDescription) throws(PlainFault) {
        let names = first.map { CSVColumns.inputName($0.text) }
        let inputs = names.map { name in model.inputs.firstIndex { $0.name == name } }
        if inputs.allSatisfy({ $0 != nil }) {
            hasHeader = true
            groups = []
            for input in inputs.compactMap({ $0 }) {
                if groups.last?.input == input {
                    groups[groups.count - 1].width += 1
                } else if groups.contains(where: { $0.input == input }) {
                    throw .duplicate(model.inputs[input].name)
                } else {
                    groups.append(Group(input: input, width: 1))
                }
            }
            return
        }
        guard model.inputs.count == 1 else {
            let unknown = zip(names, inputs).first { $0.1 == nil }?.0 ?? ""
            if inputs.contains(where: { $0 != nil }) { throw .unknownInput(unknown) }
            throw .text(
                field: "",
                message: "a model of \(model.inputs.count) inputs needs a first line that names them",
                hint: "for example \(model.inputs.prefix(5).map(\.name).joined(separator: ","))"
            )
        }
        // Numbers can't be titles, and titles can't be numbers; of text nobody could tell.
        hasHeader = model.inputs[0].dataType != .bytes && !first.contains { PlainNumber.isNumber($0.text) }
        groups = [Group(input: 0, width: first.count)]
    }

    /// A column's input: several of one input may be numbered, as in `x[0],x[1]`.
    private static func inputName(_ title: String) -> String {
        guard title.last == "]", let mark = title.lastIndex(of: "[") else { return title }
        let number = title[title.index(after: mark)...].dropLast()
        guard !number.isEmpty, number.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return title
        }
        return String(title[..<mark])
    }
}
