internal import ApusCore

/// Compares what `apus.yaml` says of pictures (`image`) with the model's inputs.
struct ImagePlan {
    /// What pictures become; `nil` when nothing is written.
    ///
    /// - Throws: `invalidConfiguration` for what doesn't fit the model, with its place and what to write instead.
    static func input(
        _ written: ModelSettings.Image?,
        inputs: [TensorSpecification]
    ) throws(ModelError) -> ImageInput? {
        try written.map { written throws(ModelError) in try ImagePlan(written, inputs: inputs).input() }
    }

    /// A shape that pictures of a kind have.
    private struct Candidate {
        let layout: ImageInput.Layout
        let color: ImageInput.Color
        let shape: TensorShape
        let width: Int
        let height: Int
    }

    private let written: ModelSettings.Image
    private let specification: TensorSpecification

    private init(_ written: ModelSettings.Image, inputs: [TensorSpecification]) throws(ModelError) {
        self.written = written
        self.specification = try ImagePlan.find(written, in: inputs)
    }

    private static func find(
        _ written: ModelSettings.Image,
        in inputs: [TensorSpecification]
    ) throws(ModelError) -> TensorSpecification {
        let names = inputs.map(\.name).joined(separator: ", ")
        let required = inputs.filter { !$0.isOptional }
        guard let name = written.input ?? (required.count == 1 ? required : inputs).onlyElement?.name else {
            throw refusal(
                "\(written.place).input: the model has several inputs (\(names)); say which takes the picture"
            )
        }
        guard let input = inputs.first(where: { $0.name == name }) else {
            let hint = inputs.map(\.name).nearest(to: name).map { "did you mean '\($0)'?" }
            throw refusal(
                "\(written.place).input: the model has no input '\(name)'; \(hint ?? "its inputs are \(names)")"
            )
        }
        if let other = required.first(where: { $0.name != name }) {
            throw refusal(
                "\(written.place): a picture fills the input '\(name)', and the model can't do without '\(other.name)' "
                    + "either; leave 'image' out, or give that input a default when you export the model"
            )
        }
        guard input.dataType != .bytes, input.dataType != .bool else {
            throw refusal(
                "\(written.place): the input '\(name)' is \(input.dataType.rawValue), and pictures are numbers"
            )
        }
        return input
    }

    private func input() throws(ModelError) -> ImageInput {
        let candidate = try candidate()
        return ImageInput(
            input: specification,
            shape: candidate.shape,
            size: (candidate.width, candidate.height),
            layout: candidate.layout,
            color: candidate.color,
            elements: try elements(color: candidate.color)
        )
    }

    // MARK: - Shape

    /// Finds the way in which a picture fits the input's shape.
    ///
    /// A first dimension that is open, or 1, is the batch where that fits; colour comes before grey.
    private func candidate() throws(ModelError) -> Candidate {
        for hasBatch in [true, false] {
            for color in written.color.map({ [$0] }) ?? [.rgb, .grey] {
                let layouts = written.layout.map { [$0] } ?? ImageInput.Layout.allCases
                let found = layouts.compactMap { candidate($0, color, hasBatch: hasBatch) }
                // Where there is one channel, both are the same.
                if found.count > 1, color != .grey { throw ImagePlan.refusal("\(written.place).layout: \(ambiguity)") }
                guard let found = found.first else { continue }
                return found
            }
        }
        throw misfit()
    }

    private func candidate(_ layout: ImageInput.Layout, _ color: ImageInput.Color, hasBatch: Bool) -> Candidate? {
        let shape = specification.shape
        guard !hasBatch || shape.first == -1 || shape.first == 1 else { return nil }
        let rest = Array(shape.dropFirst(hasBatch ? 1 : 0))
        let channels = color.channels
        let isPlanar = layout == .nchw
        let (height, width): (Int, Int)
        switch rest.count {
        case 3:
            let places = isPlanar ? (0, 1, 2) : (2, 0, 1)
            guard rest[places.0] == -1 || rest[places.0] == channels else { return nil }
            (height, width) = (rest[places.1], rest[places.2])
        case 2 where channels == 1: (height, width) = (rest[0], rest[1])
        case 1: (height, width) = (-1, -1)
        default: return nil
        }
        guard let height = ImagePlan.size(height, written: written.height),
            let width = ImagePlan.size(width, written: written.width)
        else { return nil }
        let block =
            switch rest.count {
            case 3: isPlanar ? [channels, height, width] : [height, width, channels]
            case 2: [height, width]
            default: [channels * height * width]
            }
        guard rest.count > 1 || rest[0] == -1 || rest[0] == block[0],
            let shape = TensorShape((hasBatch ? [1] : []) + block)
        else { return nil }
        return Candidate(layout: layout, color: color, shape: shape, width: width, height: height)
    }

    /// A side of the picture; `nil` when model and configuration disagree, or neither says it.
    private static func size(_ size: Int, written: Int?) -> Int? {
        if size == -1 { return written }
        return written == nil || written == size ? size : nil
    }

    private var ambiguity: String {
        "input '\(specification.name)' has the shape \(shapeText), which both NCHW and NHWC fit; say which it is"
    }

    private var shapeText: String { "[\(specification.shape.map(String.init).joined(separator: ","))]" }

    private func misfit() -> ModelError {
        let channels = written.color.map { String($0.channels) } ?? "1 or 3"
        let height = written.height.map(String.init) ?? "height"
        let width = written.width.map(String.init) ?? "width"
        let block =
            switch written.layout {
            case .nchw: "[\(channels),\(height),\(width)]"
            case .nhwc: "[\(height),\(width),\(channels)]"
            case nil: "[\(channels),\(height),\(width)] or [\(height),\(width),\(channels)]"
            }
        let missing = [("width", written.width == nil), ("height", written.height == nil)].filter(\.1).map(\.0)
        let hint = missing.isEmpty ? "" : "; say \(missing.joined(separator: " and ")) where the shape leaves it open"
        return ImagePlan.refusal(
            "\(written.place): input '\(specification.name)' has the shape \(shapeText), and a picture has \(block), with or "
                + "without 1 before it, or as many elements in one dimension\(hint)"
        )
    }

    // MARK: - Values

    /// What the values from 0 to 255 of each channel become.
    private func elements(color: ImageInput.Color) throws(ModelError) -> [[UInt8]] {
        let channels = color.channels
        for (name, numbers) in [("mean", written.mean), ("scale", written.scale)]
        where numbers.count != 1 && numbers.count != channels {
            throw ImagePlan.refusal(
                "\(written.place): there are \(numbers.count) numbers for \(name == "mean" ? "mean" : "scale or std"), and "
                    + "the picture has one channel; write one number"
            )
        }
        var elements: [[UInt8]] = []
        for channel in 0..<channels {
            let mean = written.mean.count == 1 ? written.mean[0] : written.mean[channel]
            let scale = written.scale.count == 1 ? written.scale[0] : written.scale[channel]
            var bytes: [UInt8] = []
            for value in 0...255 {
                let wanted = (Double(value) - mean) * scale
                guard let element = PaddingElement.bytes(nearest: wanted, as: specification.dataType) else {
                    throw ImagePlan.refusal(
                        "\(written.place): the value \(value) would become \(wanted), which \(specification.dataType.rawValue) "
                            + "can't hold"
                    )
                }
                bytes += element
            }
            elements.append(bytes)
        }
        return elements
    }

    private static func refusal(_ words: String) -> ModelError { ModelError(.invalidConfiguration, words) }
}

extension Array {
    /// The element of an array that has but one.
    fileprivate var onlyElement: Element? { count == 1 ? first : nil }
}
