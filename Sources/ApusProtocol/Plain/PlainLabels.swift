internal import ApusCore

/// The names of the classes that an output says, for a model whose configuration names them (`label_filename`).
///
/// An output whose last dimension has one value for each class says the class of its highest value; one of integers says
/// classes by their numbers.
struct PlainLabels: Sendable {
    private let names: [String]
    /// For each item the number of its class; `nil` where the output says none that has a name.
    private let classes: [Int?]
    /// The output's dimensions without that of the classes.
    private let sizes: [Int]

    /// Reads an output; `nil` when it isn't one that says classes.
    init?(_ tensor: Tensor, names: [String]) {
        let sizes = tensor.shape.dimensions
        guard !names.isEmpty, let values = PlainLabels.Values(tensor) else { return nil }
        let isScore = sizes.last == names.count && (!values.areIntegers || sizes.count > 1)
        guard isScore || values.areIntegers && (sizes.count <= 1 || sizes.last == 1) else { return nil }
        self.names = names
        if isScore {
            self.sizes = sizes.dropLast()
            self.classes = (0..<tensor.shape.elementCount / names.count).map { item in
                values.highest(of: item * names.count..<(item + 1) * names.count)
            }
        } else {
            self.sizes = sizes.count > 1 ? sizes.dropLast() : sizes
            self.classes = (0..<tensor.shape.elementCount).map { index in
                values[index].flatMap(Int.init(exactly:)).flatMap { names.indices.contains($0) ? $0 : nil }
            }
        }
    }

    /// The most bytes that `write` takes.
    var bound: Int {
        // Each name was read from a file of some megabytes at most, and each class from an element of the output.
        classes.reduce(JSONWriter.bound(bracketsOf: sizes[...])) { sum, number in
            sum + (number.map { JSONWriter.bound(string: names[$0]) } ?? 4) + 1
        }
    }

    /// Writes names, in arrays within each other as the output's items are; one alone where the form wants that.
    func write(_ form: PlainForm, to writer: inout JSONWriter) {
        var offset = 0
        var sizes = sizes[...]
        if !form.keepsShape {
            if classes.count == 1 { sizes = [] } else if form.omitsBatch, sizes.first == 1 { sizes = sizes.dropFirst() }
        }
        write(sizes, at: &offset, to: &writer)
    }

    private func write(_ sizes: ArraySlice<Int>, at offset: inout Int, to writer: inout JSONWriter) {
        guard let count = sizes.first else {
            if let number = classes[offset] { writer.string(names[number]) } else { writer.raw("null") }
            offset += 1
            return
        }
        writer.raw("[")
        for index in 0..<count {
            if index > 0 { writer.raw(",") }
            write(sizes.dropFirst(), at: &offset, to: &writer)
        }
        writer.raw("]")
    }
}

extension PlainLabels {
    /// The elements of an output, to be compared.
    private struct Values {
        private let tensor: Tensor
        let areIntegers: Bool

        /// `nil` for what isn't numbers.
        init?(_ tensor: Tensor) {
            guard tensor.dataType != .bytes, tensor.dataType != .bool else { return nil }
            self.tensor = tensor
            switch tensor.dataType {
            case .fp16, .bf16, .fp32, .fp64: self.areIntegers = false
            default: self.areIntegers = true
            }
        }

        /// An element, or for FP16 and BF16 a number that is in the same order; `nil` for what is no number.
        subscript(index: Int) -> Double? {
            switch tensor.dataType {
            case .fp32: real(Double(load(index, Float.self)))
            case .fp64: real(load(index, Double.self))
            case .fp16: rank(load(index, Int16.self), infinity: 0x7c00)
            case .bf16: rank(load(index, Int16.self), infinity: 0x7f80)
            case .int8: Double(load(index, Int8.self))
            case .int16: Double(load(index, Int16.self))
            case .int32: Double(load(index, Int32.self))
            case .int64: Double(load(index, Int64.self))
            case .uint8: Double(load(index, UInt8.self))
            case .uint16: Double(load(index, UInt16.self))
            case .uint32: Double(load(index, UInt32.self))
            case .uint64: Double(load(index, UInt64.self))
            case .bool, .bytes: nil
            }
        }

        /// The place of the highest element of a range, counted from its start; the first of equal ones.
        func highest(of range: Range<Int>) -> Int? {
            var best: (place: Int, value: Double)?
            for index in range {
                guard let value = self[index], best.map({ value > $0.value }) ?? true else { continue }
                best = (index - range.lowerBound, value)
            }
            return best?.place
        }

        private func load<Element: BitwiseCopyable>(_ index: Int, _ type: Element.Type) -> Element {
            unsafe tensor.storage.bytes.unsafeLoadUnaligned(
                fromByteOffset: index * MemoryLayout<Element>.size,
                as: type
            )
        }

        private func real(_ value: Double) -> Double? { value.isNaN ? nil : value }

        /// The bits below the sign rise with the magnitude.
        private func rank(_ bits: Int16, infinity: Int16) -> Double? {
            let magnitude = bits & .max
            guard magnitude <= infinity else { return nil }
            return bits < 0 ? -Double(magnitude) : Double(magnitude)
        }
    }
}
