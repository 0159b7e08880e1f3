internal import ApusCore
internal import ApusEngine

/// When a model fails on purpose, and with which words.
struct FailureRule: Sendable {
    /// When.
    enum When: String, CaseIterable {
        /// Each run.
        case always
        /// Runs whose first input holds anything but zeros.
        case nonzero
        /// Already when it is loaded.
        case load
    }

    private static let defaultMessage = "the model failed on purpose"

    let when: When
    let message: String

    /// Reads `fail_when` and `fail_message`.
    ///
    /// - Throws: `unsupportedModel` for an unknown `fail_when`; the failure itself for a model that fails when loaded.
    init(_ options: SessionOptions) throws(EngineError) {
        let written = options.parameters["fail_when"] ?? When.always.rawValue
        guard let when = When(rawValue: written) else {
            throw EngineError(
                .unsupportedModel,
                "built-in model '\(options.modelName)' has the parameter 'fail_when' '\(written)'; write one of: "
                    + When.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        self.when = when
        self.message = options.parameters["fail_message"] ?? FailureRule.defaultMessage
        if when == .load { throw EngineError(.other, message) }
    }

    /// Fails, if the inputs are such.
    func check(_ inputs: [Tensor?]) throws(EngineError) {
        switch when {
        case .always, .load: throw EngineError(.runFailed, message)
        case .nonzero:
            guard let first = inputs.first ?? nil, !first.isAllZeros else { return }
            throw EngineError(.runFailed, message)
        }
    }
}

extension Tensor {
    /// Whether every byte is 0; for strings, whether all are empty.
    fileprivate var isAllZeros: Bool {
        let bytes = storage.bytes
        for offset in 0..<bytes.byteCount where unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) != 0 {
            return false
        }
        return true
    }
}
