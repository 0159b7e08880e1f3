/// Reads from a model's bytes what must be known before the library sees them.
///
/// Takes any bytes; memory and depth are bounded. It looks into subgraphs and into the functions that a model brings
/// along. Where a message comes twice the format merges both; the scan sees both, so never less than the library.
struct ONNXModelScan {
    /// As deep as the format's own parser goes.
    private static let maxDepth = 100
    /// Models in use have one data file, or one for each tensor.
    private static let maxLocations = 16_384
    /// ONNX and its extensions define some hundred operators.
    private static let maxOperatorTypes = 4_096
    /// Operators whose running time isn't bounded by the sizes of their inputs: those that run other graphs, and those
    /// whose outputs are as large as the values of an input say.
    private static let dataDependent: Set<String> = [
        "Loop", "Scan", "If",
        "AffineGrid", "BlackmanWindow", "CenterCropPad", "Col2Im", "ConstantOfShape", "CropAndResize", "DFT", "Expand",
        "HammingWindow", "HannWindow", "ImageDecoder", "MaxUnpool", "MelWeightMatrix", "OneHot", "Pad", "Range",
        "Resize", "STFT", "Tile", "Upsample",
    ]

    /// Where tensors say that their data lies, as written; `""` stands for a tensor that doesn't say.
    private(set) var externalLocations: Set<String> = []
    /// The operators in use, as far as there are no more than 4096.
    private(set) var operatorTypes: Set<String> = []
    /// Whether any node carries a graph of its own.
    private(set) var hasSubgraphs = false
    /// Whether the bytes could be walked to their end.
    private(set) var isWellFormed = true

    /// Whether values may decide how long a run takes; assumed when the bytes couldn't be read.
    var hasDataDependentCost: Bool {
        hasSubgraphs || !isWellFormed || !operatorTypes.isDisjoint(with: Self.dataDependent)
    }

    /// Walks over a model.
    init(_ bytes: RawSpan) {
        walk(.model, 0..<bytes.byteCount, in: bytes, depth: 0)
    }

    /// Walks over one message and those beneath it.
    private mutating func walk(_ message: ONNXMessage, _ range: Range<Int>, in bytes: RawSpan, depth: Int) {
        guard depth < Self.maxDepth else {
            isWellFormed = false
            return
        }
        var fields = ProtobufFields(range)
        while isWellFormed, let field = fields.next(in: bytes) {
            guard case .bytes(let content) = field.value else { continue }
            if case .node = message, field.number == 4 { noteOperator(content, in: bytes) }
            guard let child = message.child(field.number) else { continue }
            if case .attribute = message, case .graph = child { hasSubgraphs = true }
            if case .tensor = child {
                walkTensor(content, in: bytes)
            } else {
                walk(child, content, in: bytes, depth: depth + 1)
            }
        }
        if fields.isMalformed { isWellFormed = false }
    }

    /// Looks for the mark of external data and for its place.
    private mutating func walkTensor(_ range: Range<Int>, in bytes: RawSpan) {
        var fields = ProtobufFields(range)
        var isExternal = false
        var hasLocation = false
        while isWellFormed, let field = fields.next(in: bytes) {
            switch (field.number, field.value) {
            case (13, .bytes(let entry)):
                isExternal = true
                if noteEntry(entry, in: bytes) { hasLocation = true }
            case (14, .varint(let place)): isExternal = isExternal || place != 0
            default: break
            }
        }
        if fields.isMalformed { isWellFormed = false }
        if isExternal, !hasLocation { noteLocation("") }
    }

    /// Reads a key and its value; notes the value when the key is `location`.
    private mutating func noteEntry(_ range: Range<Int>, in bytes: RawSpan) -> Bool {
        var fields = ProtobufFields(range)
        var isLocation = false
        var values: [String?] = []
        while let field = fields.next(in: bytes) {
            guard case .bytes(let content) = field.value else { continue }
            if field.number == 1, text(content, in: bytes) == "location" { isLocation = true }
            if field.number == 2 { values.append(text(content, in: bytes)) }
        }
        if fields.isMalformed { isWellFormed = false }
        guard isLocation, !values.isEmpty else { return false }
        for value in values { noteLocation(value ?? "\0") }
        return true
    }

    /// Remembers a place within the bounds.
    private mutating func noteLocation(_ location: String) {
        externalLocations.insert(location)
        if externalLocations.count > Self.maxLocations { isWellFormed = false }
    }

    /// Remembers an operator within the bounds.
    private mutating func noteOperator(_ range: Range<Int>, in bytes: RawSpan) {
        guard range.count <= 256, let type = text(range, in: bytes) else { return }
        if operatorTypes.count < Self.maxOperatorTypes || Self.dataDependent.contains(type) {
            operatorTypes.insert(type)
        }
    }

    /// A string of the model; `nil` when it is longer than any path or isn't UTF-8.
    private func text(_ range: Range<Int>, in bytes: RawSpan) -> String? {
        guard range.count <= 4_096 else { return nil }
        let copy = range.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        return String(validating: copy, as: UTF8.self)
    }
}
