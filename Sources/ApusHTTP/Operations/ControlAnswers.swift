internal import ApusCore
internal import ApusProtocol
internal import NIOCore

/// The code of the operations that change what the server does: decode, call, encode.
struct ControlAnswers: Sendable {
    let configuration: HTTPEdgeConfiguration

    /// Answers one request with JSON; empty for an answer without a body.
    ///
    /// - Parameters:
    ///   - operation: What is asked for.
    ///   - body: The request's body.
    /// - Returns: The answer's body.
    /// - Throws: `internalFailure` for an operation that is none of these.
    func answer(_ operation: AdmittedOperation, body: ByteBuffer) async throws(InferenceError) -> [UInt8] {
        switch operation.operation {
        case .modelLoad: return try await load(operation, body)
        case .modelUnload: return try await unload(operation, body)
        case .systemSharedMemoryStatus:
            return V2ControlDocuments.sharedMemory(try configuration.sharedMemory.status(of: operation.subject))
        case .systemSharedMemoryRegister:
            try register(operation, RequestDocument(body))
            return []
        case .systemSharedMemoryUnregister:
            try configuration.sharedMemory.unregister(operation.subject)
            return []
        case .cudaSharedMemoryStatus:
            if let name = operation.subject { throw InferenceError.unknownRegion(name) }
            return V2ControlDocuments.sharedMemory([])
        case .cudaSharedMemoryRegister:
            throw InferenceError.cudaSharedMemoryIsUnsupported
        case .cudaSharedMemoryUnregister:
            // There are none, so they are gone.
            return []
        case .traceSettings:
            return V2ControlDocuments.traces(try configuration.settings.traceSettings(of: model(of: operation)))
        case .updateTraceSettings:
            let model = try model(of: operation)
            let changes = try TraceSettingChange.changes(in: RequestDocument(body))
            return V2ControlDocuments.traces(try configuration.settings.updateTraceSettings(changes, of: model))
        case .logSettings:
            return V2ControlDocuments.log(configuration.settings.logSettings())
        case .updateLogSettings:
            let changes = try LogSettingChange.changes(in: RequestDocument(body))
            return V2ControlDocuments.log(try configuration.settings.updateLogSettings(changes))
        default:
            throw InferenceError(.internalFailure, "an operation came the wrong way")
        }
    }

    private func load(_ operation: AdmittedOperation, _ body: ByteBuffer) async throws(InferenceError) -> [UInt8] {
        let name = try modelInOnlyRepository(operation)
        var overrides = ModelOverrides()
        for parameter in try RequestDocument(body).parameters {
            try overrides.set(parameter.key, value(of: parameter))
        }
        try await configuration.control.load(name, overrides: overrides)
        return V2ControlDocuments.done("load", model: name)
    }

    private func value(of parameter: JSONValue.Member) throws(InferenceError) -> ModelOverrides.Value {
        guard case .string(let text) = parameter.value else { return .other(parameter.value.kindName) }
        guard ModelOverrides.isFile(parameter.key) else { return .text(text) }
        guard let bytes = Base64.bytes(of: text) else {
            throw RequestDocument.fault("parameters.\(parameter.key)", expected: "base64", got: parameter.value)
        }
        return .bytes(bytes)
    }

    private func unload(_ operation: AdmittedOperation, _ body: ByteBuffer) async throws(InferenceError) -> [UInt8] {
        let name = try modelInOnlyRepository(operation)
        var withDependents = false
        for parameter in try RequestDocument(body).parameters {
            guard parameter.key == "unload_dependents" else {
                throw InferenceError(
                    .invalidArgument,
                    "unexpected unload parameter '\(parameter.key)': an unload has the parameter unload_dependents only",
                    field: "parameters.\(parameter.key)"
                )
            }
            guard case .bool(let value) = parameter.value else {
                throw RequestDocument.fault(
                    "parameters.unload_dependents",
                    expected: "true or false",
                    got: parameter.value
                )
            }
            withDependents = value
        }
        try await configuration.control.unload(name, withDependents: withDependents)
        return V2ControlDocuments.done("unload", model: name)
    }

    private func modelInOnlyRepository(_ operation: AdmittedOperation) throws(InferenceError) -> ModelName {
        let name = try operation.selector().name
        guard operation.subject == nil else {
            throw InferenceError(.unsupported, "'repository_name' specification is not supported")
        }
        return name
    }

    private func register(_ operation: AdmittedOperation, _ document: RequestDocument) throws(InferenceError) {
        try configuration.sharedMemory.register(
            SharedMemoryStatus(
                name: operation.subject ?? "",
                key: try document.text("key"),
                offset: try document.number("offset", default: 0),
                byteSize: try document.number("byte_size")
            )
        )
    }

    private func model(of operation: AdmittedOperation) throws(InferenceError) -> ModelName? {
        operation.model == nil ? nil : try operation.selector().name
    }
}

extension TraceSettingChange {
    /// The changes that a body asks for: text, a list of texts, or `null`, which clears.
    static func changes(in document: RequestDocument) throws(InferenceError) -> [TraceSettingChange] {
        var changes: [TraceSettingChange] = []
        for member in document.members {
            changes.append(TraceSettingChange(name: member.key, values: try values(of: member)))
        }
        return changes
    }

    private static func values(of member: JSONValue.Member) throws(InferenceError) -> [String]? {
        switch member.value {
        case .null: return nil
        case .string(let text): return [text]
        case .integer(let number): return ["\(number)"]
        case .array(let elements):
            var texts: [String] = []
            for element in elements {
                guard case .string(let text) = element else {
                    throw RequestDocument.fault(member.key, expected: "a list of strings", got: element)
                }
                texts.append(text)
            }
            return texts
        default:
            let expected = "a string, a list of strings or null"
            throw RequestDocument.fault(member.key, expected: expected, got: member.value)
        }
    }
}

extension LogSettingChange {
    /// The changes that a body asks for.
    static func changes(in document: RequestDocument) throws(InferenceError) -> [LogSettingChange] {
        var changes: [LogSettingChange] = []
        for member in document.members {
            changes.append(LogSettingChange(name: member.key, value: try value(of: member)))
        }
        return changes
    }

    private static func value(of member: JSONValue.Member) throws(InferenceError) -> LogSettings.Value? {
        switch member.value {
        case .null: return nil
        case .bool(let value): return .bool(value)
        case .string(let text): return .text(text)
        case .integer(let number):
            guard let level = UInt32(exactly: number) else { break }
            return .number(level)
        default: break
        }
        throw RequestDocument.fault(
            member.key,
            expected: "a string, true, false or a whole number, 0 or more",
            got: member.value
        )
    }
}
