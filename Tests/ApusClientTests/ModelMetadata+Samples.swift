import ApusClient
import ApusCore

extension ModelMetadata {
    /// A model with inputs as given, each written `name TYPE dims…`.
    static func sample(_ inputs: String...) -> ModelMetadata {
        let specifications = inputs.map { text in
            let words = text.split(separator: " ")
            return TensorSpecification(
                name: String(words[0]),
                dataType: DataType(rawValue: String(words[1]))!,
                shape: words.dropFirst(2).map { Int($0)! }
            )
        }
        return ModelMetadata(name: "m", versions: ["1"], platform: "fake", inputs: specifications, outputs: [])
    }

    /// The tensors that a builder for this model reads out of a text.
    func tensors(_ text: String, _ format: InputFormat = .auto) throws -> [InputTensor] {
        try tensors(Array(text.utf8), format)
    }

    /// The tensors that a builder for this model reads out of bytes.
    func tensors(_ bytes: [UInt8], _ format: InputFormat = .auto) throws -> [InputTensor] {
        switch try RequestBuilder(self).request(from: bytes, format: format) {
        case .tensors(let tensors): return tensors
        case .complete: return []
        }
    }
}

/// The words of the error that a piece of work throws; empty when it throws none.
func failure(of work: () throws -> Void) -> String {
    do {
        try work()
        return ""
    } catch {
        return String(describing: error)
    }
}
