internal import ApusCore

/// Plain data in nested JSON arrays, flattened, with the dimensions that the nesting shows.
struct NestedData: Sendable {
    /// The sizes of the arrays, outermost first; empty for a single value.
    private(set) var dimensions: [Int] = []
    /// The checked values in row-major order.
    private(set) var elements: [JSONValue] = []

    /// Flattens arrays and checks every value against a datatype.
    init(_ value: JSONValue, for input: TensorSpecification) throws(ClientError) {
        var level = value
        while case .array(let elements) = level {
            dimensions.append(elements.count)
            guard let first = elements.first else { break }
            level = first
        }
        var path: [Int] = []
        try flatten(value, at: &path, for: input)
    }

    private mutating func flatten(
        _ value: JSONValue,
        at path: inout [Int],
        for input: TensorSpecification
    ) throws(ClientError) {
        guard path.count < dimensions.count else {
            do {
                elements.append(try ElementRule(input.dataType).element(json: value))
            } catch {
                throw NestedData.fault(input, at: path, error.message)
            }
            return
        }
        let size = dimensions[path.count]
        guard case .array(let parts) = value, parts.count == size else {
            let got = value.elements.map { "one of \($0.count)" } ?? value.kind
            let expected = "an array of \(size) elements is expected, like the first"
            throw NestedData.fault(input, at: path, "\(expected), got \(got)")
        }
        for (index, part) in parts.enumerated() {
            path.append(index)
            try flatten(part, at: &path, for: input)
            path.removeLast()
        }
    }

    /// Names a place by its JSON path, and by row and column where there are such.
    static func fault(_ input: TensorSpecification, at path: [Int], _ message: String) -> ClientError {
        var place = path.isEmpty ? "" : " at \(path.map { "[\($0)]" }.joined())"
        if path.count == 2 { place += " (row \(path[0] + 1), column \(path[1] + 1))" }
        return ClientError(.invalidInput, "input '\(input.name)'\(place): \(message)")
    }
}
