/// Writes tiny ONNX models byte by byte, for shapes of models that no exporter makes.
enum ONNXModelBuilder {
    /// A field that holds bytes: a string or a message.
    static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(content.count) + content
    }

    /// A field that holds a string.
    static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    /// A field that holds a number.
    static func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }

    /// A number of variable length.
    static func varint(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    /// A model of IR version 9 and opset 17 around a graph.
    static func model(graph: [UInt8]) -> [UInt8] {
        field(1, 9) + field(7, graph) + field(8, field(2, 17))
    }

    /// An FP32 input or output with one dimension; a size of 0 makes it symbolic.
    static func value(_ name: String, size: Int = 0, elementType: Int = 1) -> [UInt8] {
        let dimension = size == 0 ? field(2, "N") : field(1, size)
        return field(1, name) + field(2, field(1, field(1, elementType) + field(2, field(1, dimension))))
    }

    /// A node.
    static func node(_ type: String, _ input: String, _ output: String, attribute: [UInt8] = []) -> [UInt8] {
        field(1, input) + field(2, output) + field(4, type) + (attribute.isEmpty ? [] : field(5, attribute))
    }

    /// A tensor whose four bytes lie in another file.
    static func externalTensor(_ location: String) -> [UInt8] {
        field(1, 1) + field(2, 1) + field(8, "k") + field(14, 1)
            + field(13, field(1, "location") + field(2, location))
    }

    /// Gives its input back without any node between.
    static func passThrough() -> [UInt8] {
        let node = node("Identity", "x", "y")
        return model(
            graph: field(1, node) + field(2, "g") + field(11, value("x")) + field(12, value("x"))
                + field(12, value("y"))
        )
    }

    /// Gives its input back and declares any size of output.
    static func identity(outputShape: Int, elementType: Int = 1) -> [UInt8] {
        let input = field(11, value("x", elementType: elementType))
        let output = field(12, value("y", size: outputShape, elementType: elementType))
        return model(graph: field(1, node("Identity", "x", "y")) + field(2, "g") + input + output)
    }

    /// Gives the positions of what isn't zero: an output whose size only the values tell.
    static func positions() -> [UInt8] {
        let dimensions = field(1, field(1, 1)) + field(1, field(2, "M"))
        let output = field(1, "y") + field(2, field(1, field(1, 7) + field(2, dimensions)))
        return model(
            graph: field(1, node("NonZero", "x", "y")) + field(2, "g") + field(11, value("x")) + field(12, output)
        )
    }

    /// Takes a sequence of tensors and gives its length.
    static func sequenceLength() -> [UInt8] {
        let sequence = field(4, field(1, field(1, field(1, 1))))
        let input = field(11, field(1, "x") + field(2, sequence))
        let output = field(12, field(1, "y") + field(2, field(1, field(1, 7) + field(2, []))))
        return model(graph: field(1, node("SequenceLength", "x", "y")) + field(2, "g") + input + output)
    }

    /// Adds an initializer with external data to its input.
    static func external(_ location: String) -> [UInt8] {
        let node = field(1, "x") + field(1, "k") + field(2, "y") + field(4, "Add")
        return model(
            graph: field(1, node) + field(2, "g") + field(5, externalTensor(location)) + field(11, value("x"))
                + field(12, value("y"))
        )
    }

    /// Hides external data in a constant of a subgraph of a subgraph.
    static func nestedExternal(_ location: String) -> [UInt8] {
        let constant = node("Constant", "", "c", attribute: field(1, "value") + field(5, externalTensor(location)))
        let inner = field(1, constant) + field(2, "inner")
        let middle = field(1, node("If", "b", "o", attribute: field(1, "then_branch") + field(6, inner)))
        let outer = node("Loop", "n", "y", attribute: field(1, "body") + field(6, middle))
        return model(graph: field(1, outer) + field(2, "g"))
    }

    /// Hides external data in a function that the model brings along.
    static func functionExternal(_ location: String) -> [UInt8] {
        let constant = node("Constant", "", "c", attribute: field(1, "value") + field(5, externalTensor(location)))
        return model(graph: field(2, "g")) + field(25, field(1, "f") + field(7, constant))
    }
}
