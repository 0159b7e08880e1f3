internal import ApusCore

extension RequestBuilder {
    /// Reads an array for a one-input model; NumPy's type need not be the model's, its values must fit.
    func npyTensor(_ bytes: [UInt8]) throws(ClientError) -> InputTensor {
        let input = try soleInput(for: "an NPY file")
        let array = try NPYArray(parsing: bytes)
        let shape = try ShapeFit(input).shape(dimensions: array.shape.dimensions)
        let rule = ElementRule(input.dataType)
        var elements: [JSONValue] = []
        elements.reserveCapacity(array.elements.count)
        for (index, element) in array.elements.enumerated() {
            do {
                elements.append(try rule.element(json: element))
            } catch {
                let path = RequestBuilder.path(of: index, in: array.shape)
                throw NestedData.fault(input, at: path, error.message)
            }
        }
        return InputTensor(input, shape: shape, elements: elements)
    }

    /// The index in each dimension of the element that stands at a place in row-major order.
    private static func path(of index: Int, in shape: TensorShape) -> [Int] {
        var rest = index
        var path: [Int] = []
        for size in shape.dimensions.reversed() {
            path.append(rest % size)
            rest /= size
        }
        return path.reversed()
    }
}
