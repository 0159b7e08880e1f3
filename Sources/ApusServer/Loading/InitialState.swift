internal import ApusCore
internal import ApusModels
internal import ApusProtocol

/// What a state holds before the first request of a sequence.
struct InitialState {
    /// The folder of the model that holds the values.
    static let folderName = "initial_state"
    /// The most bytes that one may have: each sequence holds as much.
    static let maxBytes = 1 << 28

    static let noMemory = ModelError(.loadFailed, "no memory for the initial state of sequences")

    /// What the first request gets.
    let tensor: Tensor
    private let shape: [Int]

    /// Reads a state's initial value; zeros where none is written, where -1 in its shape stands for 1.
    ///
    /// - Throws: `invalidConfiguration` when the value doesn't fit the state.
    init(
        _ state: ModelConfiguration.SequenceBatching.State,
        hasBatch: Bool,
        folder: ModelFolder,
        place: String
    ) throws(ModelError) {
        let place = "\(place).state '\(state.inputName)'"
        guard let type = DataType(rawValue: state.dataType.v2Name) else {
            throw ModelError(.invalidConfiguration, "\(place) has no usable data_type")
        }
        guard state.initialStates.count <= 1 else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) has \(state.initialStates.count) initial_state entries; at most 1 is allowed"
            )
        }
        let initial = state.initialStates.first
        let dims = initial?.dims ?? state.dims.map { $0 == -1 ? 1 : $0 }
        try InitialState.check(initial, against: state, place: place)
        guard let shape = TensorShape((hasBatch ? [1] : []) + dims.map { Int($0) }),
            let byteCount = InitialState.byteCount(shape, type),
            byteCount <= InitialState.maxBytes
        else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) begins with the shape [\(dims.map(String.init).joined(separator: ","))]; write sizes of 0 or "
                    + "more and no more than \(InitialState.maxBytes) bytes"
            )
        }
        var bytes = [UInt8](repeating: 0, count: initial?.dataFile == nil ? byteCount : 0)
        if let file = initial?.dataFile {
            bytes = try folder.contents(of: file, in: InitialState.folderName, byteLimit: InitialState.maxBytes)
        }
        guard let storage = TensorStorage(copying: bytes) else { throw InitialState.noMemory }
        let fits =
            type == .bytes
            ? BytesElements.count(in: storage.bytes) == shape.elementCount : bytes.count == byteCount
        guard fits else {
            throw ModelError(
                .invalidConfiguration,
                "\(place): the file '\(InitialState.folderName)/\(initial?.dataFile ?? "")' has \(bytes.count) bytes; "
                    + (type == .bytes
                        ? "expected \(shape.elementCount) strings, each behind its length of 4 bytes"
                        : "expected \(byteCount)")
            )
        }
        self.tensor = Tensor(dataType: type, shape: shape, storage: storage)
        self.shape = (hasBatch ? [-1] : []) + state.dims.map { Int($0) }
    }

    /// The state as an input or output of the model.
    func specification(named name: String) -> TensorSpecification {
        TensorSpecification(name: name, dataType: tensor.dataType, shape: shape)
    }

    /// Bytes of zeros; an empty string is its length alone.
    private static func byteCount(_ shape: TensorShape, _ type: DataType) -> Int? {
        shape.byteCount(of: type == .bytes ? .uint32 : type)
    }

    private static func check(
        _ initial: ModelConfiguration.SequenceBatching.InitialState?,
        against state: ModelConfiguration.SequenceBatching.State,
        place: String
    ) throws(ModelError) {
        guard let initial else { return }
        guard initial.dataType == state.dataType else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) is \(state.dataType.configurationName), but its initial_state "
                    + initial.dataType.configurationName
            )
        }
        let fits =
            initial.dims.count == state.dims.count
            && zip(initial.dims, state.dims).allSatisfy { $0 >= 0 && ($0 == $1 || $1 == -1) }
        guard fits else {
            throw ModelError(
                .invalidConfiguration,
                "\(place) has the dims [\(state.dims.map(String.init).joined(separator: ","))], but its initial_state "
                    + "[\(initial.dims.map(String.init).joined(separator: ","))]"
            )
        }
    }
}
