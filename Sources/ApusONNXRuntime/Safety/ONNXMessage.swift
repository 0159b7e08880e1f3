/// The messages of the ONNX format that can hold nodes or tensors, with the numbers of the fields that lead there.
enum ONNXMessage {
    case model
    case graph
    case node
    case attribute
    case function
    case trainingInformation
    case sparseTensor
    case tensor

    /// The message that a field holds; `nil` when nothing of interest lies beneath it.
    func child(_ field: UInt64) -> ONNXMessage? {
        switch (self, field) {
        case (.model, 7), (.attribute, 6), (.attribute, 11): .graph
        case (.trainingInformation, 1), (.trainingInformation, 2): .graph
        case (.model, 20): .trainingInformation
        case (.model, 25): .function
        case (.graph, 1), (.function, 7): .node
        case (.graph, 5), (.attribute, 5), (.attribute, 10), (.sparseTensor, 1), (.sparseTensor, 2): .tensor
        case (.graph, 15), (.attribute, 22), (.attribute, 23): .sparseTensor
        case (.node, 5), (.function, 11): .attribute
        default: nil
        }
    }
}
