package import ApusCore
internal import Glibc

/// Turns an output into its highest values, as the v2 classification extension has them: BYTES elements
/// `value:index` or `value:index:label`, highest first.
package struct Classification: Sendable {
    /// The largest output that is classified, in elements.
    package static let maxElements = 1_000_000

    private let name: String
    private let count: Int
    private let hasBatch: Bool
    private let labels: [String]

    /// Prepares a classification.
    ///
    /// - Parameters:
    ///   - name: The output's name, for messages.
    ///   - count: How many values are wanted, for each item of a batch; 1 or more.
    ///   - model: Says whether the first dimension is a batch, and what the output's classes are called.
    package init(of name: String, count: Int, model: ModelDescription) {
        self.name = name
        self.count = max(1, count)
        self.hasBatch = model.maxBatchSize > 0
        self.labels = model.labels[name] ?? []
    }

    /// Classifies an output.
    ///
    /// - Parameters:
    ///   - tensor: The output.
    ///   - maxBytes: The most bytes that the result may take.
    /// - Returns: A BYTES tensor of the shape `[values]`, or `[batch, values]`.
    /// - Throws: `invalidArgument` for an output that can't be classified, `tooLarge`, or `resourceExhausted`.
    package func classify(_ tensor: Tensor, maxBytes: Int) throws(InferenceError) -> Tensor {
        guard tensor.shape.elementCount <= Classification.maxElements else {
            let most = Classification.maxElements
            throw refusal("it has \(tensor.shape.elementCount) elements; at most \(most) are sorted")
        }
        let batch = hasBatch ? tensor.shape.first ?? 1 : 1
        let size = batch > 0 ? tensor.shape.elementCount / batch : 0
        let wanted = min(count, size)
        let elements = try elements(of: tensor)
        var bytes: [UInt8] = []
        for item in 0..<batch {
            for index in elements.highest(wanted, of: item * size..<item * size + size) {
                append(elements.text(of: index), index - item * size, to: &bytes)
            }
            guard bytes.count <= maxBytes else {
                throw InferenceError(
                    .tooLarge,
                    "the classification of output '\(name)' becomes larger than max_answer_bytes, which is \(maxBytes)",
                    field: name,
                    hint: "ask for fewer classes"
                )
            }
        }
        let sizes = hasBatch ? [batch, wanted] : [wanted]
        guard let shape = TensorShape(sizes), let storage = TensorStorage(copying: bytes) else {
            throw InferenceError(.resourceExhausted, "no memory for the classification of output '\(name)'")
        }
        return Tensor(dataType: .bytes, shape: shape, storage: storage)
    }

    private func append(_ value: String, _ index: Int, to bytes: inout [UInt8]) {
        var text = "\(value):\(index)"
        if index < labels.count { text += ":\(labels[index])" }
        let length = UInt32(truncatingIfNeeded: text.utf8.count)
        for shift in stride(from: UInt32(0), through: 24, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: length &>> shift))
        }
        bytes.append(contentsOf: text.utf8)
    }

    private func elements(of tensor: Tensor) throws(InferenceError) -> ClassifiedElements {
        switch tensor.dataType {
        case .fp32: .reals(tensor.values(Float.self).map(Double.init))
        case .fp64: .reals(tensor.values(Double.self))
        case .int8: .signed(tensor.values(Int8.self).map(Int64.init))
        case .int16: .signed(tensor.values(Int16.self).map(Int64.init))
        case .int32: .signed(tensor.values(Int32.self).map(Int64.init))
        case .int64: .signed(tensor.values(Int64.self))
        case .uint8: .unsigned(tensor.values(UInt8.self).map(UInt64.init))
        case .uint16: .unsigned(tensor.values(UInt16.self).map(UInt64.init))
        case .uint32: .unsigned(tensor.values(UInt32.self).map(UInt64.init))
        case .uint64: .unsigned(tensor.values(UInt64.self))
        case .bool, .bytes, .fp16, .bf16:
            throw refusal("its type is \(tensor.dataType.rawValue); integers, FP32 and FP64 can be")
        }
    }

    private func refusal(_ reason: String) -> InferenceError {
        InferenceError(.invalidArgument, "output '\(name)' can't be classified: \(reason)", field: name)
    }
}

/// The values of an output in a form that can be compared and printed.
private enum ClassifiedElements {
    case reals([Double])
    case signed([Int64])
    case unsigned([UInt64])

    /// The indices of the highest values of a range, highest first; of equal ones the first.
    func highest(_ count: Int, of range: Range<Int>) -> ArraySlice<Int> {
        switch self {
        case .reals(let values): top(count, of: range) { values[$0].isAbove(values[$1]) }
        case .signed(let values): top(count, of: range) { values[$0] > values[$1] }
        case .unsigned(let values): top(count, of: range) { values[$0] > values[$1] }
        }
    }

    private func top(_ count: Int, of range: Range<Int>, _ isAbove: (Int, Int) -> Bool) -> ArraySlice<Int> {
        guard count > 0 else { return [] }
        if count == 1 {
            // What most ask for needs no sorting.
            var best = range.lowerBound
            for index in range where isAbove(index, best) { best = index }
            return [best]
        }
        // Only what is above the last of the best so far is kept, and sorted when there is twice too much of it.
        let isBefore = { isAbove($0, $1) || (!isAbove($1, $0) && $0 < $1) }
        let most = max(1024, 2 * min(count, range.count))
        var best: [Int] = []
        var last: Int?
        for index in range where last.map({ isAbove(index, $0) }) ?? true {
            best.append(index)
            guard best.count >= most else { continue }
            best.sort(by: isBefore)
            best.removeLast(best.count - count)
            last = best.last
        }
        return best.sorted(by: isBefore).prefix(count)
    }

    /// A value as C++'s `std::to_string` prints it.
    func text(of index: Int) -> String {
        switch self {
        case .reals(let values): values[index].sixDecimals
        case .signed(let values): "\(values[index])"
        case .unsigned(let values): "\(values[index])"
        }
    }
}

extension Double {
    /// Whether it stands before another one; what is no number stands behind all.
    fileprivate func isAbove(_ other: Double) -> Bool {
        other.isNaN ? !isNaN : self > other
    }

    /// With six decimals, as `%f` prints it.
    fileprivate var sixDecimals: String {
        var text = [CChar](repeating: 0, count: 512)
        let count = unsafe withVaList([self]) { arguments in
            unsafe vsnprintf(&text, text.count, "%f", arguments)
        }
        return String(decoding: text.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Tensor {
    /// The elements, read at any address.
    fileprivate func values<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
        let bytes = storage.bytes
        let size = MemoryLayout<Element>.size
        let count = min(shape.elementCount, bytes.byteCount / size)
        return (0..<count).map { unsafe bytes.unsafeLoadUnaligned(fromByteOffset: $0 * size, as: Element.self) }
    }
}
