package import ApusCore

/// Copies published models from one store to another: only what is missing, labels last, everything verified.
package struct Synchronizer: Sendable {
    /// What a run did.
    package struct Report: Sendable {
        /// Versions that are there now and weren't before.
        package fileprivate(set) var copied: [ModelID] = []
        /// Versions that were there already.
        package fileprivate(set) var present: [ModelID] = []
        /// Versions that were there with files missing or of another size, which are put right now.
        package fileprivate(set) var mended: [ModelID] = []
        /// The files that were written.
        package fileprivate(set) var fileCount = 0
        /// Their bytes.
        package fileprivate(set) var byteCount = 0
        /// The models whose labels were written, with what that changed.
        package fileprivate(set) var labelled: [(model: ModelName, moves: [LabelPointer.Move])] = []
        /// What couldn't be copied, and why.
        package fileprivate(set) var refused: [Publisher.Finding] = []
    }

    private let source: Publisher
    private let target: Publisher
    private let policy: SignaturePolicy

    /// Copies from one store to another.
    ///
    /// - Parameters:
    ///   - source: Where from.
    ///   - target: Where to.
    ///   - policy: What the source's manifests must prove.
    package init(from source: Publisher, to target: Publisher, policy: SignaturePolicy = .open) {
        self.source = source
        self.target = target
        self.policy = policy
    }

    /// Copies what is missing of one model, or of all.
    ///
    /// Cut at any moment, nothing half is seen at the target, and the next run goes on from there. A version that can't be
    /// copied doesn't keep the others back, but its model's labels stay as they are then.
    /// - Throws: Why a store can't be read or written.
    package func run(_ model: ModelName? = nil) throws(StorageError) -> Report {
        var report = Report()
        let names = try RepositoryContents(of: source.store, model: model).names
        if let model, names.isEmpty { throw try source.unknown(model) }
        for name in names { try copy(name, &report) }
        return report
    }

    private func copy(_ model: ModelName, _ report: inout Report) throws(StorageError) {
        // The labels before the listing: what they point to is listed then.
        let (pointer, tag) = try source.store.labels(of: model)
        guard let listed = try RepositoryContents(of: source.store, model: model).models[model] else { return }
        let before = report.refused.count
        for object in listed.files where object.key != LabelPointer.key(of: model) {
            try copy(object, &report)
        }
        for version in listed.versions.keys.sorted() {
            let id = ModelID(name: model, version: version)
            guard let objects = listed.versions[version] else { continue }
            guard objects.manifest != nil else {
                // A push that goes on is no fault; it comes with the next run.
                if objects.claim == nil {
                    report.refuse(id.description, "has no manifest: publish it with 'apus push'")
                }
                continue
            }
            do throws(StorageError) {
                try copy(id, &report)
            } catch {
                let codes: [StorageError.Code] = [.damaged, .unsupported, .untrusted, .conditionFailed]
                guard codes.contains(error.code) else { throw error }
                report.refuse(id.description, error.message)
            }
        }
        guard tag != nil, report.refused.count == before else { return }
        try copyLabels(pointer, of: model, &report)
    }

    private func copy(_ version: ModelID, _ report: inout Report) throws(StorageError) {
        guard let (read, text) = try source.store.manifest(of: version) else { return }
        let manifest = try policy.verify(read)
        let copier = VersionCopier(target: target)
        let outcome = try copier.copy(version, text: text, manifest: manifest) { file, key throws(StorageError) in
            try source.withFetched(try source.listed(file, of: version)) { bytes, _ throws(StorageError) in
                try source.check(bytes, is: file, of: version)
                try target.store.upload(bytes, byteCount: file.byteCount, to: key, if: .always)
            }
        }
        switch outcome {
        case .wasThere: report.present.append(version)
        case .copied(let fileCount, let byteCount):
            report.copied.append(version)
            report.fileCount += fileCount
            report.byteCount += byteCount
        case .mended(let fileCount, let byteCount):
            report.mended.append(version)
            report.fileCount += fileCount
            report.byteCount += byteCount
        }
    }

    /// Copies a file of a model that belongs to no version, when the target's is another.
    private func copy(_ object: StoredObject, _ report: inout Report) throws(StorageError) {
        try source.withFetched(object) { bytes, _ throws(StorageError) in
            if let there = try target.store.describe(object.key), there.byteCount == object.byteCount {
                guard try target.digest(of: there) != bytes.digest().digest else { return }
            }
            try target.store.upload(bytes, byteCount: object.byteCount, to: object.key, if: .always)
            report.fileCount += 1
            report.byteCount += object.byteCount
        }
    }

    private func copyLabels(
        _ pointer: LabelPointer,
        of model: ModelName,
        _ report: inout Report
    ) throws(StorageError) {
        if let moves = try target.followLabels(pointer, of: model) { report.labelled.append((model, moves)) }
    }
}

extension Synchronizer.Report {
    fileprivate mutating func refuse(_ place: String, _ message: String) {
        refused.append(Publisher.Finding(place: place, message: message))
    }
}
