package import ApusCore

/// A ReloadConfigRequest: the models that are wanted from now on.
package struct TensorFlowReloadMessage: Sendable {
    /// What is said of one model.
    private struct Entry {
        var name = ""
        var basePath = ""
        /// The field that would choose versions otherwise than the repository does; `nil` for none.
        var refused: String?
    }

    /// The most models of one list.
    private static let maxModels = 10_000

    /// The names, each once, in the message's order.
    package private(set) var names: [ModelName] = []

    /// Reads the message.
    ///
    /// - Throws: `invalidArgument` for bytes that are none, for another kind of configuration, and for a list with a model
    ///   that can't be or comes twice; `unsupported` for what the repository says and not a request.
    package init(_ bytes: RawSpan) throws(InferenceError) {
        guard let list = try TensorFlowReloadMessage.list(in: bytes) else {
            throw InferenceError(
                .invalidArgument,
                "ServerConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently "
                    + "supported",
                field: "config",
                expected: "model_config_list"
            )
        }
        var seen: Set<ModelName> = []
        var reader = ProtobufReader(list)
        while let entry = try TensorFlowReloadMessage.nextEntry(&reader, in: bytes) {
            let name = try TensorFlowReloadMessage.check(entry)
            guard seen.insert(name).inserted else {
                throw InferenceError(
                    .invalidArgument,
                    "Illegal to list model \(name) multiple times in config list",
                    field: "config.model_config_list.config",
                    expected: "each model once"
                )
            }
            guard names.count < TensorFlowReloadMessage.maxModels else {
                throw .tooMany("config.model_config_list.config", TensorFlowReloadMessage.maxModels)
            }
            names.append(name)
        }
    }

    /// Where the list of models lies; `nil` when there is none, or another kind of configuration behind it.
    private static func list(in bytes: RawSpan) throws(InferenceError) -> Range<Int>? {
        var configuration: Range<Int>?
        var list: Range<Int>?
        var isOther = false
        do throws(ProtobufFault) {
            var reader = ProtobufReader(0..<bytes.byteCount)
            while let field = try reader.nextBytes(in: bytes) {
                if field.number == 1 { try configuration.takeOnce(field.range) }
            }
            var kinds = ProtobufReader(configuration ?? 0..<0)
            while let kind = try kinds.nextBytes(in: bytes) {
                if kind.number == 1 { try list.takeOnce(kind.range) }
                if kind.number == 2 { isOther = true }
            }
        } catch {
            throw error.inferenceError
        }
        return isOther ? nil : list
    }

    private static func nextEntry(
        _ reader: inout ProtobufReader,
        in bytes: RawSpan
    ) throws(InferenceError) -> Entry? {
        do throws(ProtobufFault) {
            while let field = try reader.nextBytes(in: bytes) {
                if field.number == 1 { return try self.entry(field.range, in: bytes) }
            }
            return nil
        } catch {
            throw error.inferenceError
        }
    }

    /// Reads a `ModelConfig`.
    private static func entry(_ range: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) -> Entry {
        var entry = Entry()
        var reader = ProtobufReader(range)
        while let field = try reader.nextBytes(in: bytes) {
            switch field.number {
            case 1: entry.name = try bytes.text(at: field.range)
            case 2: entry.basePath = try bytes.text(at: field.range)
            case 7: if try !isUsual(field.range, in: bytes) { entry.refused = "model_version_policy" }
            case 8: entry.refused = "version_labels"
            default: continue
            }
        }
        return entry
    }

    /// Whether a policy asks for the newest version, as a model without one has it.
    private static func isUsual(_ policy: Range<Int>, in bytes: RawSpan) throws(ProtobufFault) -> Bool {
        var isUsual = true
        var reader = ProtobufReader(policy)
        while let kind = try reader.nextBytes(in: bytes) {
            guard kind.number == 100 else {
                if kind.number == 101 || kind.number == 102 { isUsual = false }
                continue
            }
            var latest = ProtobufReader(kind.range)
            while let field = try latest.nextField(in: bytes) {
                if field.number == 1, field.wire == .varint {
                    if try latest.readVarint(in: bytes) > 1 { isUsual = false }
                } else {
                    try latest.skip(field, in: bytes)
                }
            }
        }
        return isUsual
    }

    /// The name of a model whose entry asks for nothing that a request can't change.
    private static func check(_ entry: Entry) throws(InferenceError) -> ModelName {
        guard let name = ModelName(entry.name) else {
            throw .illegalModelName(
                field: "config.model_config_list.config.name",
                shown: String(entry.name.prefix(TensorFlowModelSpec.maxQuoted))
            )
        }
        let folder = entry.basePath.split(separator: "/").last.map(String.init) ?? entry.name
        guard folder == entry.name else {
            let path = entry.basePath.prefix(TensorFlowModelSpec.maxQuoted)
            throw InferenceError(
                .invalidArgument,
                "model '\(name)' can't be loaded from '\(path)': models are those of the server's own repository, where "
                    + "each has a folder of its name; send no base_path, or one that ends in the model's name",
                field: "config.model_config_list.config.base_path",
                expected: "nothing, or a path that ends in /\(name)",
                got: String(path)
            )
        }
        guard let refused = entry.refused else { return name }
        throw InferenceError(
            .unsupported,
            "'\(refused)' of model '\(name)' can't be set by a request: versions are chosen by version_policy of its "
                + "config.pbtxt, and labelled by its apus-labels.json",
            field: "config.model_config_list.config.\(refused)"
        )
    }
}
