internal import ApusCore
internal import ApusModels
internal import ApusStorage

/// The labels of a model: `apus-labels.json` in its folder, an object of versions by label.
///
/// ```json
/// {"stable": 3, "canary": 4}
/// ```
///
/// What begins with `$` is no label: `apus push` and `apus promote` keep the history there (`$history`).
struct VersionLabels: Sendable, Equatable {
    /// The most labels that a model may have.
    static let maxCount = LabelPointer.maxLabels

    /// Where each label points; the version need not be there.
    let versions: [VersionLabel: ModelVersion]

    /// Reads a model's file; no labels when there is none.
    ///
    /// - Throws: `invalidConfiguration` with the place.
    init(_ folder: ModelFolder) throws(ModelError) {
        let text = try folder.contents(of: LabelPointer.filename, byteLimit: LabelPointer.maxBytes)
        try self.init(text: text ?? Array("{}".utf8), place: "\(folder.name)/\(LabelPointer.filename)")
    }

    /// Reads a file's text; `place` is its name in messages.
    ///
    /// - Throws: `invalidConfiguration` with the place.
    init(text: [UInt8], place: String) throws(ModelError) {
        do throws(StorageError) {
            self.versions = try LabelPointer.read(text, place: place).versions
        } catch {
            let example = "expected for example {\"stable\": 3, \"canary\": 4}"
            throw ModelError(.invalidConfiguration, "\(error.message); \(example)")
        }
    }
}
