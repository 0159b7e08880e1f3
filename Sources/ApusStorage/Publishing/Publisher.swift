package import ApusCore

/// Publishes versions to a store and moves their labels: push, promote, rollback, remove, and what there is to know of it.
///
/// Every change is a conditional write, so any number of publishers may work on the same store. Calls block.
package struct Publisher: Sendable {
    /// Where models are published.
    package let store: any ObjectStore
    /// Where the files lie that are pushed and pulled.
    package let files: any FileSystem
    /// What the world outside says.
    package let context: Context

    /// What the world outside says: the time, who is at work, what is random.
    package struct Context: Sendable {
        /// The time in seconds since 1970.
        package let now: @Sendable () -> Int64
        /// Who publishes, for the history: `ann@host`.
        package let by: String
        /// A text that nobody else has.
        package let token: @Sendable () -> String
        /// A folder for files that are needed for a while; it is there.
        package let scratch: String

        /// Describes the world outside.
        package init(
            now: @escaping @Sendable () -> Int64,
            by: String,
            token: @escaping @Sendable () -> String,
            scratch: String
        ) {
            self.now = now
            self.by = by
            self.token = token
            self.scratch = scratch
        }
    }

    /// How often a conditional write is tried anew when somebody else was first.
    static let maxAttempts = 1000

    /// Publishes to a store.
    package init(to store: any ObjectStore, files: any FileSystem, context: Context) {
        self.store = store
        self.files = files
        self.context = context
    }

    /// Lets a label point to a published version.
    ///
    /// - Returns: Where it pointed before.
    /// - Throws: `notFound` when the version isn't published.
    @discardableResult
    package func promote(_ version: ModelID, to label: VersionLabel) throws(StorageError) -> ModelVersion? {
        guard try store.describe(VersionManifest.key(of: version)) != nil else {
            throw try unpublished(version)
        }
        var before: ModelVersion?
        try changeLabels(of: version.name) { pointer throws(StorageError) in
            before = pointer.versions[label]
            return try pointer.move(label, to: version.version, at: context.now(), by: context.by)
        }
        return before
    }

    /// Lets a label point to the version that it pointed to before.
    ///
    /// - Returns: The version that it points to now.
    /// - Throws: `notFound` when it was never elsewhere, or that version is gone.
    package func rollBack(_ label: VersionLabel, of model: ModelName) throws(StorageError) -> ModelVersion {
        var version: ModelVersion?
        try changeLabels(of: model) { pointer throws(StorageError) in
            let target = try pointer.rollBack(label, at: context.now(), by: context.by)
            let id = ModelID(name: model, version: target)
            guard try store.describe(VersionManifest.key(of: id)) != nil else {
                throw StorageError(
                    .notFound,
                    "'\(label)' pointed to \(id) before, which has been removed since: choose a version with 'apus promote "
                        + "\(model) \(label) N'; \(try unpublished(id).message)"
                )
            }
            version = target
            return true
        }
        guard let version else { throw StorageError(.notFound, "\(model) has no label '\(label)'") }
        return version
    }

    /// Takes a label away.
    package func removeLabel(_ label: VersionLabel, of model: ModelName) throws(StorageError) {
        try changeLabels(of: model) { pointer throws(StorageError) in
            try pointer.remove(label, at: context.now(), by: context.by)
            return true
        }
    }

    /// Changes a model's labels as they are at that moment, again when somebody else changed them meanwhile.
    ///
    /// - Parameters:
    ///   - model: Which model.
    ///   - change: Changes them, and says whether there is something to write.
    /// - Throws: What `change` throws, or why the store can't be written.
    func changeLabels(
        of model: ModelName,
        _ change: (inout LabelPointer) throws(StorageError) -> Bool
    ) throws(StorageError) {
        for _ in 0..<Publisher.maxAttempts {
            var (pointer, tag) = try store.labels(of: model)
            guard try change(&pointer) else { return }
            do throws(StorageError) {
                let condition = tag.map(WriteCondition.unchanged) ?? .absent
                try store.write(pointer.text, to: LabelPointer.key(of: model), if: condition)
                return
            } catch {
                guard error.code == .conditionFailed else { throw error }
            }
        }
        throw StorageError(
            .conditionFailed,
            "the labels of \(model) were changed by others \(Publisher.maxAttempts) times in a row: try again"
        )
    }

    /// Lets a model's labels point to where they point in a copy.
    ///
    /// - Returns: What that changed; `nil` when nothing had to be written.
    func followLabels(_ copy: LabelPointer, of model: ModelName) throws(StorageError) -> [LabelPointer.Move]? {
        var moves: [LabelPointer.Move]?
        try changeLabels(of: model) { there throws(StorageError) in
            let before = there
            let changes = there.follow(copy, at: context.now(), by: context.by)
            moves = there == before ? nil : changes
            return there != before
        }
        return moves
    }

    /// Says what there is in place of a version that isn't published.
    func unpublished(_ version: ModelID) throws(StorageError) -> StorageError {
        let contents = try RepositoryContents(of: store, model: version.name)
        let published = contents.models[version.name]?.published ?? []
        if contents.models[version.name]?.versions[version.version]?.claim != nil {
            return StorageError(.notFound, "\(version) is being pushed, or a push of it died: 'apus gc' clears it up")
        }
        let there = published.suffix(10).map(\.description).joined(separator: ", ")
        let shown = there.isEmpty ? "no version of it is" : "published: \(there)"
        return StorageError(.notFound, "\(version) isn't published in \(store.location); \(shown)")
    }
}
