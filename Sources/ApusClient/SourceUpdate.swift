package import ApusCore

/// How far a server is with a look at its source of models.
package struct SourceUpdate: Sendable, Equatable {
    /// `waiting`, `running`, `done` or `failed`.
    package let state: String
    /// Why the source couldn't be looked at; empty when it could.
    package let reason: String
    /// What isn't served as it is in the source.
    package let failures: [SourceUpdateReport.Failure]

    /// The most failures that are read of an answer.
    private static let maxFailures = 1000

    /// Reads the server's report; what is missing is empty.
    init(json: JSONValue) {
        state = json["state"]?.text ?? ""
        reason = json["reason"]?.text ?? ""
        failures = (json["failures"]?.elements ?? []).prefix(SourceUpdate.maxFailures).map { failure in
            SourceUpdateReport.Failure(
                model: failure["model"]?.text ?? "",
                version: failure["version"]?.text ?? "",
                reason: failure["reason"]?.text ?? ""
            )
        }
    }

    /// Whether nothing more comes of it.
    package var isOver: Bool { state == "done" || state == "failed" }
}
