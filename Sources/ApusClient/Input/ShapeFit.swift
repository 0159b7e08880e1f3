package import ApusCore

/// Finds the shape to send for data, given what the model wants and what the data looks like.
package struct ShapeFit: Sendable {
    private let input: TensorSpecification

    /// Fits data to one input.
    package init(_ input: TensorSpecification) {
        self.input = input
    }

    /// The shape for a table: its rows are the first dimension, a row's cells the others.
    package func shape(rows: Int, columns: Int) throws(ClientError) -> TensorShape {
        let wanted = input.shape
        if let first = wanted.first, first == -1 || first == rows,
            let rest = ShapeFit.filled(Array(wanted.dropFirst()), count: columns)
        {
            return try checked([rows] + rest)
        }
        // A model without a batch dimension takes a table of one row, and a scalar a table of one cell.
        if rows == 1 || columns == 1, let whole = ShapeFit.filled(wanted, count: rows * columns),
            wanted.first != -1 || wanted.count == 1
        {
            return try checked(whole)
        }
        let rowSize = wanted.dropFirst().map { $0 == -1 ? "any" : String($0) }.joined(separator: " × ")
        let advice = wanted.count > 1 ? "; a row needs \(rowSize) columns" : ""
        throw mismatch("the table has \(rows) rows of \(columns) columns\(advice)")
    }

    /// The shape for nested data: as it is, with a batch dimension added, or unfolded from a flat list.
    package func shape(dimensions: [Int]) throws(ClientError) -> TensorShape {
        let wanted = input.shape
        if ShapeFit.matches(dimensions, wanted) { return try checked(dimensions) }
        if let first = wanted.first, first == -1 || first == 1, ShapeFit.matches(dimensions, wanted.dropFirst()) {
            return try checked([1] + dimensions)
        }
        if dimensions.count <= 1, let unfolded = ShapeFit.filled(wanted, count: dimensions.first ?? 1) {
            return try checked(unfolded)
        }
        throw mismatch("the data has shape [\(dimensions.map(String.init).joined(separator: ","))]")
    }

    /// The shape for made-up data: `batch` in the first dimension if that is open, 1 in every other open one.
    package func shape(batch: Int?) throws(ClientError) -> TensorShape {
        var dimensions = input.shape
        if let batch {
            guard let first = dimensions.first, first == -1 || first == batch else {
                throw mismatch("its first dimension can't be \(batch); leave --batch out")
            }
            dimensions[0] = batch
        }
        return try checked(dimensions.map { $0 == -1 ? 1 : $0 })
    }

    /// The dimensions with their one open place filled so that they hold `count` elements; `nil` when they can't.
    private static func filled(_ wanted: [Int], count: Int) -> [Int]? {
        let open = wanted.indices.filter { wanted[$0] == -1 }
        guard open.count <= 1, let fixed = TensorShape(wanted.filter { $0 != -1 })?.elementCount else { return nil }
        guard let place = open.first else { return fixed == count ? wanted : nil }
        guard fixed > 0, count.isMultiple(of: fixed) else { return nil }
        var dimensions = wanted
        dimensions[place] = count / fixed
        return dimensions
    }

    private static func matches(_ dimensions: [Int], _ wanted: some Collection<Int>) -> Bool {
        dimensions.count == wanted.count && zip(dimensions, wanted).allSatisfy { $1 == -1 || $0 == $1 }
    }

    private func checked(_ dimensions: [Int]) throws(ClientError) -> TensorShape {
        guard let shape = TensorShape(dimensions) else { throw mismatch("the data has too many elements") }
        return shape
    }

    private func mismatch(_ what: String) -> ClientError {
        let wanted = "[\(input.shape.map(String.init).joined(separator: ","))]"
        return ClientError(
            .invalidInput,
            "input '\(input.name)' wants shape \(wanted) (-1: any size), but \(what)"
        )
    }
}
