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
        throw InferenceError(.notFound, "there is no source of models that could be asked")
    }
}
