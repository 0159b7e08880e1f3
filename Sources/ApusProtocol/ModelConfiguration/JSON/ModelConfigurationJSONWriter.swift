/// Writes a message as JSON in the form that Triton's `/config` has.
///
/// Names stay in snake_case; scalars, enumerations, lists and maps are printed even when they hold their default;
/// messages and members of a choice are left out when they are not set; 64-bit numbers are numbers.
struct ModelConfigurationJSONWriter {
    /// What is written so far.
    private(set) var bytes: [UInt8] = []

    /// The JSON of one message.
    static func bytes(of message: ModelConfigurationMessage) -> [UInt8] {
        var writer = ModelConfigurationJSONWriter()
        writer.write(message)
        return writer.bytes
    }

    /// Writes an object with the fields in the order of the schema.
    private mutating func write(_ message: ModelConfigurationMessage) {
        var separator = "{"
        for schema in message.schema.fields {
            let elements = message.field(schema.name)?.elements ?? []
            switch schema.cardinality {
            case .singular:
                let implied = schema.oneof == nil ? schema.defaultValue : nil
                guard let value = elements.first?.value ?? implied else { continue }
                write(name: schema.name, &separator)
                write(value)
            case .repeated:
                // No repeated field can be a member of a choice.
                write(name: schema.name, &separator)
                writeList(elements)
            case .stringMap, .uint64Map:
                write(name: schema.name, &separator)
                writeMap(elements)
            }
        }
        append(separator == "{" ? "{}" : "}")
    }

    /// Writes a name and what separates it from the field before it.
    private mutating func write(name: String, _ separator: inout String) {
        append(separator)
        separator = ","
        write(name)
        append(":")
    }

    /// Writes the values of a repeated field.
    private mutating func writeList(_ elements: [ModelConfigurationField.Element]) {
        append("[")
        for (index, element) in elements.enumerated() {
            append(index == 0 ? "" : ",")
            write(element.value)
        }
        append("]")
    }

    /// Writes the entries of a map, in the order of the text.
    private mutating func writeMap(_ elements: [ModelConfigurationField.Element]) {
        append("{")
        for (index, element) in elements.enumerated() {
            append(index == 0 ? "" : ",")
            write(element.key ?? "")
            append(":")
            write(element.value)
        }
        append("}")
    }

    /// Writes one value.
    private mutating func write(_ value: ModelConfigurationValue) {
        switch value {
        case .signed(let number): append(String(number))
        case .unsigned(let number): append(String(number))
        case .boolean(let isTrue): append(isTrue ? "true" : "false")
        case .float(let number): write(number)
        case .double(let number): write(number)
        case .enumeration(let member): write(member.name)
        case .string(let text): write(text)
        case .bytes(let bytes): writeBase64(bytes)
        case .message(let message): write(message)
        }
    }

    /// Writes the shortest digits that read back as the same number of the same size.
    private mutating func write<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) {
        // JSON has no such numbers; proto3 writes them as these strings.
        if number.isNaN {
            write("NaN")
        } else if number.isInfinite {
            write(number < 0 ? "-Infinity" : "Infinity")
        } else {
            let text = number.description
            append(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        }
    }

    /// Adds text as it stands.
    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}

extension ModelConfigurationJSONWriter {
    /// Writes a string with its quotes and with the escapes that JSON asks for.
    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case 0x00...0x1F, 0x7F: append("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes bytes as a string in base64 with padding.
    private mutating func writeBase64(_ data: [UInt8]) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        bytes.append(UInt8(ascii: "\""))
        var rest = data[...]
        while !rest.isEmpty {
            let group = rest.prefix(3)
            rest = rest.dropFirst(3)
            let packed = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for index in 0..<4 {
                let sextet = Int(packed >> UInt32(18 - 6 * index) & 0x3F)
                bytes.append(index <= group.count ? alphabet[sextet] : UInt8(ascii: "="))
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
