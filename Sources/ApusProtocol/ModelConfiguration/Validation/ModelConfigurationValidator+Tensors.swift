extension ModelConfigurationValidator {
    /// The most dimensions a tensor may have.
    private static var maximumRank: Int { 32 }

    /// Checks inputs and outputs.
    mutating func checkTensors() {
        for field in ["input", "output"] {
            var names: Set<String> = []
            for element in message.field(field)?.elements ?? [] {
                guard case .message(let tensor) = element.value else { continue }
                checkIdentity(of: tensor, field, at: element.position, &names)
                checkDimensions(of: tensor, field, "dims", in: tensor.field("dims"))
                if tensor.isSet("reshape") {
                    checkReshape(of: tensor, field)
                }
                checkFormat(of: tensor, field, at: element.position)
            }
        }
    }

    /// Checks that a tensor can be told from the others.
    private mutating func checkIdentity(
        of tensor: ModelConfigurationMessage,
        _ field: String,
        at position: TextPosition?,
        _ names: inout Set<String>
    ) {
        let name = tensor.string("name")
        if name.isEmpty {
            if isComplete {
                report(.missingField, at: position, "an '\(field)' has no 'name'; give it the tensor's name")
            }
        } else if !names.insert(name).inserted {
            report(
                .duplicateField,
                at: tensor.position(of: "name"),
                "\(field) \(name.quotedExcerpt) is there twice; remove one of the two"
            )
        }
        if isComplete, ConfiguredDataType(tensor, "data_type") == .invalid {
            report(
                .missingField,
                at: position,
                "\(field) \(name.quotedExcerpt) has no 'data_type'; give it one, for example TYPE_FP32"
            )
        }
    }

    /// Checks the numbers of a shape.
    private mutating func checkDimensions(
        of tensor: ModelConfigurationMessage,
        _ field: String,
        _ shapeName: String,
        in shape: ModelConfigurationField?
    ) {
        let title = "\(field) \(tensor.string("name").quotedExcerpt)"
        let elements = shape?.elements ?? []
        if elements.count > Self.maximumRank {
            report(
                .limitExceeded,
                at: shape?.position,
                "\(title) has \(elements.count) '\(shapeName)'; at most \(Self.maximumRank) are allowed"
            )
        }
        var isSound = true
        for element in elements {
            guard case .signed(let dim) = element.value, dim < 1, dim != -1 else { continue }
            isSound = false
            report(
                at: element.position,
                "\(title) has \(dim) in '\(shapeName)'; write a number from 1, or -1 for any size"
            )
        }
        if isSound, segments(of: elements.map(\.value)) == nil {
            report(
                .outOfRange,
                at: shape?.position,
                "\(title) has more elements in '\(shapeName)' than 64 bits can count; check the numbers"
            )
        }
    }

    /// Checks that another shape holds the same elements.
    private mutating func checkReshape(of tensor: ModelConfigurationMessage, _ field: String) {
        guard let reshape = tensor.message("reshape") else { return }
        checkDimensions(of: tensor, field, "reshape", in: reshape.field("shape"))
        // Each run of known dimensions between two unknown ones must keep its product: [2, 4, -1, 6] may
        // become [8, -1, 1, 6], since nothing can move across a dimension of any size.
        guard tensor.isSet("dims") || isComplete,
            let dims = segments(of: tensor.values("dims")),
            let shape = segments(of: reshape.values("shape")),
            dims != shape
        else { return }
        report(
            at: tensor.position(of: "reshape"),
            "\(field) \(tensor.string("name").quotedExcerpt) cannot be reshaped from "
                + "\(shapeText(tensor.signedNumbers("dims"))) to \(shapeText(reshape.signedNumbers("shape"))); "
                + "both need the same number of elements, and as many -1 in the same order"
        )
    }

    /// Checks that an image has the dimensions of one.
    private mutating func checkFormat(
        of tensor: ModelConfigurationMessage,
        _ field: String,
        at position: TextPosition?
    ) {
        guard let format = tensor.enumeration("format"), format.number != 0 else { return }
        guard tensor.isSet("dims") || isComplete, tensor.values("dims").count != 3 else { return }
        report(
            at: tensor.position(of: "dims") ?? position,
            "\(field) \(tensor.string("name").quotedExcerpt) has \(tensor.values("dims").count) dims, but \(format.name) "
                + "needs 3 (without the batch); correct 'dims', or remove 'format'"
        )
    }

    /// A shape for a message, cut short if it is absurdly long.
    private func shapeText(_ dims: [Int64]) -> String {
        String("\(dims.prefix(Self.maximumRank))".dropLast()) + (dims.count > Self.maximumRank ? ", …]" : "]")
    }

    /// The products of the runs of known dimensions, or nil when one needs more than 64 bits.
    private func segments(of shape: [ModelConfigurationValue]) -> [Int64]? {
        var products: [Int64] = []
        var current: Int64 = 1
        for case .signed(let dim) in shape {
            if dim == -1 {
                products.append(current)
                current = 1
                continue
            }
            let (product, overflow) = current.multipliedReportingOverflow(by: dim)
            guard !overflow else { return nil }
            current = product
        }
        return products + [current]
    }
}
