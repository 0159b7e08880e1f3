internal import ApusCore
internal import ApusModels
internal import ApusProtocol

/// The labels of a model: `apus-labels.json` in its folder, an object of versions by label.
///
/// ```json
/// {"stable": 3, "canary": 4}
/// ```
///
/// What begins with `$` is no label: `apus push` and `apus promote` keep the history there (`$history`).
struct VersionLabels: Sendable, Equatable {
    /// The file's name.
    static let filename = "apus-labels.json"
    /// The most labels that a model may have.
    static let maxCount = 1000

    /// Where each label points; the version need not be there.
    private(set) var versions: [VersionLabel: ModelVersion] = [:]

    /// Reads a model's file; no labels when there is none.
    ///
    /// - Throws: `invalidConfiguration` with the place.
    init(_ folder: ModelFolder) throws(ModelError) {
        let text = try folder.contents(of: VersionLabels.filename, byteLimit: 1 << 20)
        try self.init(text: text ?? Array("{}".utf8), place: "\(folder.name)/\(VersionLabels.filename)")
    }

    /// Reads a file's text; `place` is its name in messages.
    ///
    /// - Throws: `invalidConfiguration` with the place.
    init(text: [UInt8], place: String) throws(ModelError) {
        let members: [JSONValue.Member]
        do throws(JSONFailure) {
            members = try JSONValue.parse(text, maxDepth: 4)
        } catch {
            throw VersionLabels.fault(place, "it isn't readable as a JSON object")
        }
        guard members.count <= VersionLabels.maxCount else {
            let limit = VersionLabels.maxCount
            throw VersionLabels.fault(place, "it has \(members.count) labels; at most \(limit) are read")
        }
        for member in members where !member.key.hasPrefix("$") {
            guard let label = VersionLabel(member.key) else {
                throw VersionLabels.fault(place, "'\(member.key)' can't be a label: \(VersionLabel.rule)")
            }
            guard case .integer(let number) = member.value, let version = ModelVersion(number) else {
                throw VersionLabels.fault(place, "label '\(label)' has no version number, which is 1 or more")
            }
            guard versions.updateValue(version, forKey: label) == nil else {
                throw VersionLabels.fault(place, "label '\(label)' comes twice")
            }
        }
    }

    private static func fault(_ place: String, _ words: String) -> ModelError {
        ModelError(.invalidConfiguration, "\(place): \(words); expected for example {\"stable\": 3, \"canary\": 4}")
    }
}
