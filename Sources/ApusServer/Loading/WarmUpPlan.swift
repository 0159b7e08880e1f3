internal import ApusCore
internal import ApusModels
internal import ApusProtocol
internal import ApusScheduling

/// Makes requests of a configuration's `model_warmup` (Triton's `ModelWarmup`).
struct WarmUpPlan {
    /// The folder of the model that holds the values of inputs.
    static let folderName = "warmup"
    /// The most bytes that all inputs of all samples may have together: they are in memory until they have run.
    private static let maxBytes = 1 << 28
    /// The most runs of one sample.
    private static let maxCount: UInt32 = 10_000

    private let configuration: ModelConfiguration
    private let hidden: [TensorSpecification]
    private let folder: ModelFolder
    private let place: String

    /// Prepares for one model.
    ///
    /// - Parameters:
    ///   - configuration: The model's.
    ///   - hidden: Inputs that the server fills for clients; zeros where a sample leaves them out.
    ///   - folder: Where values lie that come from files.
    ///   - place: The configuration's file, for messages.
    init(_ configuration: ModelConfiguration, hidden: [TensorSpecification], folder: ModelFolder, place: String) {
        self.configuration = configuration
        self.hidden = hidden
        self.folder = folder
        self.place = place
    }

    /// Reads the files and makes up what isn't in files.
    ///
    /// - Returns: The requests, in their order; none for a model that may give several answers to one.
    /// - Throws: `invalidConfiguration` for the first sample that can't be made.
    func samples() throws(ModelError) -> [WarmUpSample] {
        guard !configuration.isDecoupled else { return [] }
        var samples: [WarmUpSample] = []
        var byteCount = 0
        for warmup in configuration.warmups {
            let sample = try sample(warmup)
            byteCount += sample.inputs.reduce(0) { $0 + $1.tensor.storage.byteCount }
            guard byteCount <= WarmUpPlan.maxBytes else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(place): the samples of model_warmup have more than \(WarmUpPlan.maxBytes) bytes up to "
                        + "'\(warmup.name)'; write fewer or smaller ones"
                )
            }
            samples.append(sample)
        }
        return samples
    }

    private func sample(_ warmup: ModelConfiguration.Warmup) throws(ModelError) -> WarmUpSample {
        let place = "\(place): model_warmup '\(warmup.name)'"
        let hasBatch = configuration.maxBatchSize > 0
        let rows = hasBatch ? max(1, Int(warmup.batchSize)) : nil
        if rows == nil, warmup.batchSize > 1 {
            throw ModelError(
                .invalidConfiguration,
                "\(place) has batch_size \(warmup.batchSize), but the model has no batches (max_batch_size is 0); write the "
                    + "whole shape as dims and batch_size: 1"
            )
        }
        if let rows, rows > configuration.maxBatchSize {
            throw ModelError(
                .invalidConfiguration,
                "\(place) has batch_size \(rows), but the model's max_batch_size is \(configuration.maxBatchSize)"
            )
        }
        guard warmup.count <= WarmUpPlan.maxCount else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) has count \(warmup.count); at most \(WarmUpPlan.maxCount) is allowed"
            )
        }
        var inputs: [NamedTensor] = []
        for (name, input) in warmup.inputs.sorted(by: { $0.key < $1.key }) {
            inputs.append(NamedTensor(name: name, tensor: try tensor(input, rows: rows, place: "\(place): '\(name)'")))
        }
        for input in hidden where warmup.inputs[input.name] == nil {
            var shape = input.shape.map { $0 < 0 ? 1 : $0 }
            if let rows, input.shape.first == -1 { shape[0] = rows }
            let zeros = try WarmUpPlan.filled(input.dataType, shape, with: .zeros, place: "\(place): '\(input.name)'")
            inputs.append(NamedTensor(name: input.name, tensor: zeros))
        }
        return WarmUpSample(name: warmup.name, inputs: inputs, count: Int(warmup.count))
    }

    private func tensor(
        _ input: ModelConfiguration.Warmup.Input,
        rows: Int?,
        place: String
    ) throws(ModelError) -> Tensor {
        guard let type = DataType(rawValue: input.dataType.v2Name) else {
            throw ModelError(.invalidConfiguration, "\(place) has no usable data_type")
        }
        let sizes = (rows.map { [$0] } ?? []) + input.dims.map { Int($0) }
        switch input.content {
        case .zeros: return try WarmUpPlan.filled(type, sizes, with: .zeros, place: place)
        case .random: return try WarmUpPlan.filled(type, sizes, with: .random, place: place)
        case .file(let name):
            let row = try folder.contents(of: name, in: WarmUpPlan.folderName, byteLimit: WarmUpPlan.maxBytes)
            return try WarmUpPlan.read(row, of: name, type, sizes, rows: rows ?? 1, place: place)
        }
    }

    private static func filled(
        _ type: DataType,
        _ sizes: [Int],
        with filling: Tensor.Filling,
        place: String
    ) throws(ModelError) -> Tensor {
        guard let shape = TensorShape(sizes), shape.byteCount(of: type == .bytes ? .uint32 : type) ?? .max <= maxBytes
        else { throw unusable(sizes, place: place) }
        guard let tensor = Tensor.filled(type, shape, with: filling, byteLimit: maxBytes) else {
            throw ModelError(.loadFailed, "\(place): no memory for it")
        }
        return tensor
    }

    /// Repeats the bytes of one row.
    private static func read(
        _ row: [UInt8],
        of name: String,
        _ type: DataType,
        _ sizes: [Int],
        rows: Int,
        place: String
    ) throws(ModelError) -> Tensor {
        guard let shape = TensorShape(sizes), row.count <= maxBytes / rows else { throw unusable(sizes, place: place) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(row.count * rows)
        for _ in 0..<rows { bytes += row }
        guard let storage = TensorStorage(copying: bytes) else {
            throw ModelError(.loadFailed, "\(place): no memory for its \(bytes.count) bytes")
        }
        let fits =
            type == .bytes
            ? BytesElements.count(in: storage.bytes) == shape.elementCount
            : bytes.count == shape.byteCount(of: type)
        guard fits else {
            let count = shape.elementCount / rows
            throw ModelError(
                .invalidConfiguration,
                "\(place): the file '\(folderName)/\(name)' has \(row.count) bytes; expected "
                    + (type == .bytes
                        ? "\(count) strings, each behind its length of 4 bytes"
                        : "\(count * (type.byteSize ?? 1)), the values of one row")
            )
        }
        return Tensor(dataType: type, shape: shape, storage: storage)
    }

    private static func unusable(_ sizes: [Int], place: String) -> ModelError {
        ModelError(
            .invalidConfiguration,
            "\(place) has the shape [\(sizes.map(String.init).joined(separator: ","))]; write dims of 0 or more, and no "
                + "more than \(maxBytes) bytes altogether"
        )
    }
}
