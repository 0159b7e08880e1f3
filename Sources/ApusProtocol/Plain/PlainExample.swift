package import ApusCore

/// A request that a model answers, made of its inputs: for messages and descriptions.
package struct PlainExample {
    private let model: ModelDescription

    /// Makes the example of a model.
    package init(_ model: ModelDescription) {
        self.model = model
    }

    /// Elements of all inputs that have to be sent; `nil` when they are too many to be counted.
    package var elementCount: Int? {
        var total = 0
        for input in model.inputs where !input.isOptional {
            guard let shape = shape(of: input), shape.elementCount < Int.max / 2 - total else { return nil }
            total += shape.elementCount
        }
        return total
    }

    /// The request as an object of inputs by name, cut short with `…` where it is long.
    package var shortText: String {
        let members = model.inputs.filter { !$0.isOptional }.prefix(4).map { input in
            "\(PlainExample.quoted(input.name)): \(shortValue(of: input))"
        }
        return "{\(members.joined(separator: ", "))\(model.inputs.count > 4 ? ", …" : "")}"
    }

    /// Writes the request as an object of inputs by name.
    package func write(to text: inout JSONText) {
        text.object { text in
            for input in model.inputs where !input.isOptional {
                text.key(input.name)
                write(valueOf: input, to: &text)
            }
        }
    }

    /// Writes the value of one input.
    package func write(valueOf input: TensorSpecification, to text: inout JSONText) {
        guard let shape = shape(of: input) else { return text.raw("null") }
        text.raw(PlainExample.nested(shape.dimensions[...], element: element(of: input)))
    }

    /// The shape of an input's example: sizes that may be any are 1.
    package func shape(of input: TensorSpecification) -> TensorShape? {
        var sizes = input.shape.map { $0 < 0 ? 1 : $0 }
        if let channels = model.examples[input.name]?.channels, input.shape.last == -1 {
            sizes[sizes.count - 1] = channels
        }
        return TensorShape(sizes)
    }

    /// An element of an input's example, as JSON.
    package func element(of input: TensorSpecification) -> String {
        if let example = model.examples[input.name] { return example.element }
        return switch input.dataType {
        case .bytes: "\"text\""
        case .bool: "false"
        case .fp16, .bf16, .fp32, .fp64: "0.5"
        default: "0"
        }
    }

    private func shortValue(of input: TensorSpecification) -> String {
        guard let shape = shape(of: input) else { return "…" }
        let element = element(of: input)
        guard shape.elementCount > 8 else { return PlainExample.nested(shape.dimensions[...], element: element) }
        let rank = shape.rank
        return String(repeating: "[", count: rank) + "\(element), …" + String(repeating: "]", count: rank)
    }

    private static func nested(_ sizes: ArraySlice<Int>, element: String) -> String {
        guard let size = sizes.first else { return element }
        let inner = nested(sizes.dropFirst(), element: element)
        return "[\(Array(repeating: inner, count: size).joined(separator: ", "))]"
    }

    private static func quoted(_ name: String) -> String {
        var text = JSONText()
        text.string(name)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}
