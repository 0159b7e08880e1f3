extension ModelConfigurationValue {
    /// Turns what stands in a text into a value of the kind that the field holds, or says why it can't.
    init(
        _ value: TextFormatValue,
        kind: FieldSchema.Kind,
        path: String
    ) throws(ModelConfigurationError) {
        let fault = ModelConfigurationValueFault(value: value, path: path)
        switch kind {
        case .int32: self = .signed(Int64(try value.signedInteger(Int32.self, fault)))
        case .int64: self = .signed(try value.signedInteger(Int64.self, fault))
        case .uint32: self = .unsigned(UInt64(try value.unsignedInteger(UInt32.self, fault)))
        case .uint64: self = .unsigned(try value.unsignedInteger(UInt64.self, fault))
        case .bool: self = .boolean(try value.boolean(fault))
        case .float: self = .float(try value.floatingPoint(Float.self, fault))
        case .double: self = .double(try value.floatingPoint(Double.self, fault))
        case .string: self = .string(try value.text(fault))
        case .bytes: self = .bytes(try value.bytes(fault))
        case .enumeration(let schema): self = .enumeration(try value.member(of: schema, fault))
        case .message(let schema):
            guard case .message(let fields) = value.content else {
                throw fault.wrongType("a message", "write \(path) { … }")
            }
            self = .message(try ModelConfigurationMessageReader.message(of: fields, schema: schema, path: path))
        }
    }
}
