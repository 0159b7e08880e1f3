/// Knows what versions consist of and where they come from, whether they are loaded or not.
package protocol VersionRecords: Sendable {
    /// A version's manifest as JSON, with its source; what is known of its files where it has no manifest.
    ///
    /// - Throws: `notFound` for a version that the source doesn't have, `unavailable` when it can't be read now.
    func document(of version: ModelSelector) async throws(InferenceError) -> [UInt8]
}

/// For edges without a source.
package struct NoVersionRecords: VersionRecords {
    /// Knows nothing.
    package init() {}

    package func document(of version: ModelSelector) async throws(InferenceError) -> [UInt8] {
        throw .unknownVersion(version, reason: "there is no source of models that could be asked")
    }
}

extension InferenceError {
    /// Says that the source of models doesn't have a version.
    ///
    /// - Parameters:
    ///   - version: What was asked for.
    ///   - reason: Why, or where it was looked for.
    ///   - hint: What there is.
    /// - Returns: The error.
    package static func unknownVersion(_ version: ModelSelector, reason: String, hint: String = "") -> InferenceError {
        let asked =
            switch version.version {
            case .latest: ""
            case .exact(let number): " version \(number)"
            case .label(let label): " label '\(label)'"
            }
        return InferenceError(
            .notFound,
            "Request for unknown model: '\(version.name)'\(asked) is not found: \(reason)",
            field: "version",
            hint: hint
        )
    }
}
