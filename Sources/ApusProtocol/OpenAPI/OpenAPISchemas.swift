internal import ApusCore

/// The schemas of a description.
struct OpenAPISchemas {
    let format: OpenAPIFormat

    init(_ format: OpenAPIFormat) {
        self.format = format
    }

    /// Writes a reference to a schema.
    func reference(_ name: String, to text: inout JSONText) {
        text.object { text in text.member("$ref", format.schemas + name) }
    }

    /// Schemas that don't depend on any model.
    func writeCommon(to text: inout JSONText) {
        text.key("Object")
        text.raw(#"{"type":"object"}"#)
        text.key("List")
        text.raw(#"{"type":"array","items":{"type":"object"}}"#)
        text.key("IndexRequest")
        text.raw(#"{"type":"object","properties":{"ready":{"type":"boolean"}}}"#)
        text.key("Error")
        text.raw(
            #"{"type":"object","required":["error"],"properties":{"error":{"type":"string"},"code":{"type":"string"},"#
                + #""field":{"type":"string"},"expected":{"type":"string"},"got":{"type":"string"},"hint":{"type":"string"}}}"#
        )
        text.key("InferRequest")
        text.raw(
            #"{"type":"object","required":["inputs"],"properties":{"id":{"type":"string"},"parameters":{"type":"object"},"#
                + #""inputs":{"type":"array","items":{"type":"object","required":["name","shape","datatype","data"],"#
                + #""properties":{"name":{"type":"string"},"shape":{"type":"array","items":{"type":"integer","minimum":0}},"#
                + #""datatype":{"type":"string"},"data":{"type":"array","items":{}}}}},"#
                + #""outputs":{"type":"array","items":{"type":"object","required":["name"],"#
                + #""properties":{"name":{"type":"string"}}}}}}"#
        )
        text.key("InferAnswer")
        text.raw(
            #"{"type":"object","required":["model_name","model_version","outputs"],"properties":{"id":{"type":"string"},"#
                + #""model_name":{"type":"string"},"model_version":{"type":"string"},"#
                + #""outputs":{"type":"array","items":{"type":"object","required":["name","shape","datatype"],"#
                + #""properties":{"name":{"type":"string"},"shape":{"type":"array","items":{"type":"integer"}},"#
                + #""datatype":{"type":"string"},"data":{"type":"array","items":{}},"#
                + #""parameters":{"type":"object"}}}}}}"#
        )
    }

    /// The inputs and the outputs of a model as objects.
    func write(_ model: ModelDescription, to text: inout JSONText) {
        for (suffix, tensors) in [("Inputs", model.inputs), ("Outputs", model.outputs)] {
            text.key("\(model.id.name).\(suffix)")
            text.object { text in
                text.member("type", "object")
                text.key("properties")
                text.object { text in
                    for tensor in tensors {
                        text.key(tensor.name)
                        // One element is a number in answers, and dimensions may be fewer.
                        if suffix == "Inputs" { writeValue(tensor, to: &text) } else { text.raw("{}") }
                    }
                }
                let required = tensors.filter { !$0.isOptional }.map(\.name)
                if !required.isEmpty {
                    text.key("required")
                    text.array { text in
                        for name in required { text.string(name) }
                    }
                }
                text.key("additionalProperties")
                text.bool(false)
            }
        }
    }

    /// A value of an input: arrays within each other, or fewer of them where the leading dimension may be left out.
    func writeValue(_ tensor: TensorSpecification, to text: inout JSONText) {
        let mayOmit = tensor.shape.first.map { $0 == -1 || $0 == 1 } ?? false
        guard mayOmit, format != .swagger2 else { return writeArray(tensor.shape[...], tensor.dataType, to: &text) }
        text.object { text in
            text.key("anyOf")
            text.array { text in
                writeArray(tensor.shape[...], tensor.dataType, to: &text)
                writeArray(tensor.shape.dropFirst(), tensor.dataType, to: &text)
            }
        }
    }

    private func writeArray(_ shape: ArraySlice<Int>, _ type: DataType, to text: inout JSONText) {
        guard let size = shape.first else { return writeElement(type, to: &text) }
        text.object { text in
            text.member("type", "array")
            text.key("items")
            writeArray(shape.dropFirst(), type, to: &text)
            if size >= 0 {
                text.member("minItems", size)
                text.member("maxItems", size)
            }
        }
    }

    private func writeElement(_ type: DataType, to text: inout JSONText) {
        text.object { text in
            switch type {
            case .bool: text.member("type", "boolean")
            case .bytes: text.member("type", "string")
            case .fp16, .bf16, .fp32, .fp64:
                // null stands for what is not a number.
                if format == .openapi31 {
                    text.key("type")
                    text.raw(#"["number","null"]"#)
                } else {
                    text.member("type", "number")
                    text.key(format == .openapi30 ? "nullable" : "x-nullable")
                    text.bool(true)
                }
                text.member("format", type == .fp64 ? "double" : "float")
            default: writeInteger(type, to: &text)
            }
        }
    }

    private func writeInteger(_ type: DataType, to text: inout JSONText) {
        text.member("type", "integer")
        switch type {
        case .uint8: writeBounds(0, UInt64(UInt8.max), to: &text)
        case .uint16: writeBounds(0, UInt64(UInt16.max), to: &text)
        case .uint32: writeBounds(0, UInt64(UInt32.max), to: &text)
        case .uint64: writeBounds(0, .max, to: &text)
        case .int8: writeBounds(Int64(Int8.min), UInt64(Int8.max), to: &text)
        case .int16: writeBounds(Int64(Int16.min), UInt64(Int16.max), to: &text)
        case .int32: text.member("format", "int32")
        default: text.member("format", "int64")
        }
    }

    private func writeBounds(_ least: Int64, _ most: UInt64, to text: inout JSONText) {
        text.member("minimum", least)
        text.member("maximum", most)
    }
}
