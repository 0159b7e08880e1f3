internal import ApusCore

/// One input in the making: one value, or the values of row after row, all of the first one's shape.
final class TensorColumn {
    /// What bounds it.
    struct Limits {
        /// Elements of one tensor.
        let maxElements: Int
        /// The request's length: an element takes at least two bytes of it.
        let jsonByteCount: Int
    }

    /// What the model says of the input.
    let input: TensorSpecification
    /// Whether values are features of an example: one value or a flat list, the same to it, with flags for 1 and 0.
    private let isFeature: Bool
    /// Values read so far.
    private(set) var rows = 0
    /// Elements of each value.
    private(set) var rowElements = 0
    /// The shape of the values.
    private(set) var shape = JSONShape()
    private var storage: TensorStorage?
    private var texts = TextElements()

    init(input: TensorSpecification, isFeature: Bool = false) {
        self.input = input
        self.isFeature = isFeature
    }

    /// Reads the reader's current value as the next of so many rows.
    ///
    /// - Throws: `invalidArgument` that names the place, `resourceExhausted` without memory.
    func read(
        _ reader: JSONReader,
        rows rowCount: Int,
        at place: @autoclosure () -> String,
        limits: Limits,
        memory: inout RequestMemory
    ) throws(InferenceError) {
        if isFeature { shape.forget() }
        let isText = input.dataType == .bytes
        let bound = try attempt(place()) { () throws(JSONFailure) in
            try reader.look(isText: isText).elementBound
        }
        let count: Int
        if isText {
            try memory.chargeElements(bound)
            try memory.charge(bound * 4)
            let before = texts.byteCount
            count = try attempt(place()) { () throws(JSONFailure) in
                try reader.readTexts(into: &texts, shape: &shape)
            }
            try memory.charge(max(0, texts.byteCount - before - count * 4))
        } else {
            let target = try target(bound: bound, rows: rowCount, at: place(), limits: limits, memory: &memory)
            let capacity = rows == 0 ? bound : rowElements
            count = try attempt(place()) { () throws(JSONFailure) in
                try reader.readTensor(
                    of: input.dataType,
                    takesFlags: isFeature,
                    into: target,
                    from: rows * rowElements,
                    capacity: capacity,
                    shape: &shape
                )
            }
        }
        try note(count, at: place())
    }

    /// The tensor of all that was read.
    ///
    /// - Parameters:
    ///   - dimensions: Its shape, with as many elements as were read.
    ///   - limits: What the server takes.
    /// - Returns: The tensor; nothing can be read after it.
    /// - Throws: `invalidArgument` when there are more elements or dimensions than the server takes.
    func tensor(dimensions: [Int], limits: InputLimits) throws(InferenceError) -> Tensor {
        guard let shape = TensorShape(dimensions), shape.elementCount <= limits.maxElements else {
            throw .tooManyElements(input.name, limit: limits.maxElements)
        }
        precondition(shape.elementCount == rows * rowElements, "a shape that isn't that of what was read")
        var storage = input.dataType == .bytes ? texts.takeStorage() : storage
        if let byteCount = shape.byteCount(of: input.dataType), storage?.byteCount != byteCount {
            // Empty arrays were taken for elements, and with an empty array in it the whole of it is empty.
            precondition(shape.elementCount == 0, "memory that was measured too large")
            storage = TensorStorage(byteCount: 0)
        }
        guard let storage else { throw InferenceError(.resourceExhausted, "no memory for the request") }
        return Tensor(dataType: input.dataType, shape: shape, storage: storage)
    }

    /// Counts a value and compares its length with the first one's.
    private func note(_ count: Int, at place: @autoclosure () -> String) throws(InferenceError) {
        guard !isFeature || shape.dimensions.count <= 1 else { throw .nestedFeature(place()) }
        guard rows == 0 || count == rowElements else {
            throw .unequalRows(place(), expected: rowElements, got: count)
        }
        rowElements = count
        rows += 1
    }

    /// Memory for all rows, taken when the first one's length is known.
    private func target(
        bound: Int,
        rows rowCount: Int,
        at place: @autoclosure () -> String,
        limits: Limits,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        if let storage { return storage }
        let (count, overflow) = bound.multipliedReportingOverflow(by: rowCount)
        guard !overflow, count <= limits.maxElements else {
            throw .tooManyElements(input.name, limit: limits.maxElements)
        }
        // So rows of unequal length can't make the server take memory that the request didn't pay for with its own
        // length.
        guard count <= (limits.jsonByteCount + 1) / 2 else {
            throw .unequalRows(place(), expected: bound, got: nil)
        }
        let storage = try memory.allocate(
            byteCount: count * (input.dataType.byteSize ?? 1),
            alignment: input.dataType.alignment
        )
        self.storage = storage
        return storage
    }

    private func attempt<Value>(
        _ place: @autoclosure () -> String,
        _ read: () throws(JSONFailure) -> Value
    ) throws(InferenceError) -> Value {
        do throws(JSONFailure) {
            return try read()
        } catch {
            throw .tensorFlowElement(error, at: place(), of: input.dataType)
        }
    }
}
