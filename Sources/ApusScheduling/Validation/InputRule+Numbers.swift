internal import ApusCore

extension InputRule {
    /// The first number that isn't in the range.
    func numberViolation(in tensor: Tensor, range: ClosedRange<Double>) -> Violation? {
        let bytes = tensor.storage.bytes
        let found: (index: Int, value: String)? =
            switch dataType {
            case .uint8: firstInteger(UInt8.self, in: bytes, outside: range)
            case .uint16: firstInteger(UInt16.self, in: bytes, outside: range)
            case .uint32: firstInteger(UInt32.self, in: bytes, outside: range)
            case .uint64: firstInteger(UInt64.self, in: bytes, outside: range)
            case .int8: firstInteger(Int8.self, in: bytes, outside: range)
            case .int16: firstInteger(Int16.self, in: bytes, outside: range)
            case .int32: firstInteger(Int32.self, in: bytes, outside: range)
            case .int64: firstInteger(Int64.self, in: bytes, outside: range)
            case .fp16: first(UInt16.self, in: bytes, outside: range, HalfPrecision.half)
            case .bf16: first(UInt16.self, in: bytes, outside: range, HalfPrecision.brain)
            case .fp32: firstFloat(in: bytes, outside: range)
            case .fp64: first(Double.self, in: bytes, outside: range) { $0 }
            case .bool, .bytes: nil
            }
        return found.map { Violation(element: $0.index, rule: rangeWords(range), got: $0.value) }
    }

    /// Compares integers as what they are: a double can't hold the large ones.
    private func firstInteger<Element: FixedWidthInteger & BitwiseCopyable>(
        _ type: Element.Type,
        in bytes: RawSpan,
        outside range: ClosedRange<Double>
    ) -> (index: Int, value: String)? {
        let low = Element(clampingRounded: range.lowerBound, .up)
        let high = Element(clampingRounded: range.upperBound, .down)
        let size = MemoryLayout<Element>.size
        for index in 0..<bytes.byteCount / size {
            let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Element.self)
            guard value >= low, value <= high else { return (index, String(value)) }
        }
        return nil
    }

    /// Single precision, the most frequent, without a conversion for each element.
    private func firstFloat(in bytes: RawSpan, outside range: ClosedRange<Double>) -> (index: Int, value: String)? {
        let low = Float(bound: range.lowerBound)
        let high = Float(bound: range.upperBound)
        for index in 0..<bytes.byteCount / 4 {
            let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * 4, as: Float.self)
            guard value >= low, value <= high else { return (index, String(value)) }
        }
        return nil
    }

    private func first<Element: BitwiseCopyable>(
        _ type: Element.Type,
        in bytes: RawSpan,
        outside range: ClosedRange<Double>,
        _ number: (Element) -> Double
    ) -> (index: Int, value: String)? {
        let size = MemoryLayout<Element>.size
        for index in 0..<bytes.byteCount / size {
            let value = number(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index * size, as: Element.self))
            // Not-a-number is in no range.
            guard value >= range.lowerBound, value <= range.upperBound else { return (index, String(value)) }
        }
        return nil
    }

    private func rangeWords(_ range: ClosedRange<Double>) -> String {
        let isFinite = range.lowerBound.isFinite && range.upperBound.isFinite
        let low = range.lowerBound > -Double.greatestFiniteMagnitude ? range.lowerBound : nil
        let high = range.upperBound < Double.greatestFiniteMagnitude ? range.upperBound : nil
        switch (low, high) {
        case (nil, nil): return isFinite ? "a finite number" : "a number"
        case (let low?, nil): return "at least \(low.plain)" + (isFinite ? ", and finite" : "")
        case (nil, let high?): return "at most \(high.plain)" + (isFinite ? ", and finite" : "")
        case (let low?, let high?): return "\(low.plain) to \(high.plain)"
        }
    }
}

/// The two 16-bit kinds of real numbers as doubles, exactly.
enum HalfPrecision {
    /// IEEE 754 binary16.
    static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 0x1f: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (fraction + 1024) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }

    /// The upper half of binary32.
    static func brain(_ bits: UInt16) -> Double {
        Double(Float(bitPattern: UInt32(bits) << 16))
    }
}

extension FixedWidthInteger {
    /// The nearest of the type's numbers on one side of a bound, or the type's own end.
    fileprivate init(clampingRounded bound: Double, _ rule: FloatingPointRoundingRule) {
        let rounded = bound.rounded(rule)
        // As doubles the ends of wide types lie one above them.
        if rounded >= Double(Self.max) {
            self = .max
        } else if rounded <= Double(Self.min) {
            self = .min
        } else {
            self = Self(rounded)
        }
    }
}

extension Float {
    /// A bound; one that is finite as a double stays finite.
    fileprivate init(bound: Double) {
        let nearest = Float(bound)
        self = bound.isFinite && nearest.isInfinite ? (bound < 0 ? -1 : 1) * .greatestFiniteMagnitude : nearest
    }
}

extension Double {
    /// Without a fraction where there is none.
    fileprivate var plain: String {
        magnitude < 1e15 && rounded() == self ? String(Int64(self)) : String(self)
    }
}
