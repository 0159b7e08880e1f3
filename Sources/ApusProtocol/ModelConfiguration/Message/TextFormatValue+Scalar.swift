extension TextFormatValue {
    /// This value as a whole number with sign.
    func signedInteger<Integer: FixedWidthInteger & SignedInteger>(
        _ type: Integer.Type,
        _ fault: ModelConfigurationValueFault
    ) throws(ModelConfigurationError) -> Integer {
        let number = try wholeNumber(fault)
        // Negating as 128 bits, so that the lowest number needs no special case.
        let exact = number.magnitude.map { number.isNegative ? -Int128($0) : Int128($0) }
        guard let result = exact.flatMap({ Integer(exactly: $0) }) else {
            throw fault.outOfRange(String(Integer.min), String(Integer.max))
        }
        return result
    }

    /// This value as a whole number without sign.
    func unsignedInteger<Integer: FixedWidthInteger & UnsignedInteger>(
        _ type: Integer.Type,
        _ fault: ModelConfigurationValueFault
    ) throws(ModelConfigurationError) -> Integer {
        let number = try wholeNumber(fault)
        guard !number.isNegative, let result = number.magnitude.flatMap({ Integer(exactly: $0) }) else {
            throw fault.outOfRange("0", String(Integer.max))
        }
        return result
    }

    /// This value as a number without a fraction.
    private func wholeNumber(
        _ fault: ModelConfigurationValueFault
    ) throws(ModelConfigurationError) -> TextFormatNumber {
        guard case .number(let number) = content, number.notation != .fractional else {
            throw fault.wrongType("a whole number", "write it without quotes, fraction or exponent")
        }
        return number
    }

    /// This value as a truth value.
    func boolean(_ fault: ModelConfigurationValueFault) throws(ModelConfigurationError) -> Bool {
        switch content {
        case .word("true", isNegative: false), .word("True", isNegative: false), .word("t", isNegative: false):
            return true
        case .word("false", isNegative: false), .word("False", isNegative: false), .word("f", isNegative: false):
            return false
        case .number(let number) where !number.isNegative && number.magnitude == 1: return true
        case .number(let number) where !number.isNegative && number.magnitude == 0: return false
        default: throw fault.wrongType("true or false", "write it without quotes; t, f, 1 and 0 are allowed too")
        }
    }

    /// This value as a floating-point number.
    func floatingPoint<Number: BinaryFloatingPoint & LosslessStringConvertible>(
        _ type: Number.Type,
        _ fault: ModelConfigurationValueFault
    ) throws(ModelConfigurationError) -> Number {
        switch content {
        case .number(let number) where number.notation == .decimal || number.notation == .fractional:
            guard let magnitude = Number(number.digits), magnitude.isFinite else {
                throw fault.outOfRange("-\(Number.greatestFiniteMagnitude)", "\(Number.greatestFiniteMagnitude)")
            }
            return number.isNegative ? -magnitude : magnitude
        case .word(let word, let isNegative):
            switch word.lowercased() {
            case "inf", "infinity", "inff", "infinityf": return isNegative ? -.infinity : .infinity
            case "nan", "nanf": return .nan
            default: break
            }
        default: break
        }
        throw fault.wrongType("a number", "write it in decimal and without quotes, for example 0.5")
    }

    /// This value as text.
    func text(_ fault: ModelConfigurationValueFault) throws(ModelConfigurationError) -> String {
        guard let text = String(validating: try bytes(fault), as: UTF8.self) else {
            throw ModelConfigurationError(
                .invalidValue,
                at: position,
                "'\(fault.path)' takes text in UTF-8, found other bytes; save the file as UTF-8"
            )
        }
        return text
    }

    /// This value as bytes.
    func bytes(_ fault: ModelConfigurationValueFault) throws(ModelConfigurationError) -> [UInt8] {
        guard case .string(let bytes) = content else {
            throw fault.wrongType("a string", "put it in quotes")
        }
        return bytes
    }

    /// This value as a member of an enumeration, given by name or by number.
    func member(
        of schema: EnumerationSchema,
        _ fault: ModelConfigurationValueFault
    ) throws(ModelConfigurationError) -> EnumerationSchema.Member {
        switch content {
        case .word(let word, isNegative: false):
            guard let member = schema.member(named: word) else { throw fault.unknownMember(of: schema) }
            return member
        case .number(let number) where number.notation != .fractional:
            guard !number.isNegative || number.magnitude == 0,
                let index = number.magnitude.flatMap({ Int64(exactly: $0) }),
                let member = schema.member(numbered: index)
            else { throw fault.unknownMember(of: schema) }
            return member
        default:
            let names = schema.members.map(\.name).joined(separator: ", ")
            throw fault.wrongType("one of \(names)", "write it without quotes")
        }
    }
}
