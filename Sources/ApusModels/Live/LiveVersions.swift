internal import ApusCore
internal import Glibc
internal import Synchronization

/// The versions that answer requests now, by model: what every request looks into.
///
/// Each thread looks into a stripe of its own, so that event loops don't wait for each other; all stripes say the same.
/// A lease opens under its stripe's lock, for which it waits only while a version comes or goes. A change takes all
/// the locks before it changes the first stripe: nobody sees the old state after somebody has seen the new one. A
/// version is taken out before it's closed, so one that is found here is open.
final class LiveVersions: Sendable {
    /// What one stripe says.
    private struct Models: Sendable {
        /// The highest version of each model, for its own sake: taking it out of an array would retain the array.
        var latest: [ModelName: VersionHandle] = [:]
        /// Ascending by version, never empty.
        var all: [ModelName: [VersionHandle]] = [:]
        /// Where each model's labels point; to versions that need not be live.
        var labels: [ModelName: [VersionLabel: ModelVersion]] = [:]

        /// Replaces the versions of a model.
        mutating func setVersions(_ versions: [VersionHandle], of name: ModelName) {
            latest[name] = versions.last
            all[name] = versions.isEmpty ? nil : versions
        }

        /// One version of a model.
        func handle(of version: ModelVersion, of name: ModelName) -> VersionHandle? {
            all[name]?.last { $0.id.version == version }
        }
    }

    /// One thread's view.
    private struct Stripe: ~Copyable, Sendable {
        let models = Mutex(Models())
        /// Keeps the locks of two stripes out of one cache line.
        let padding = InlineArray<16, UInt64>(repeating: 0)
    }

    /// In line, since an array would cost two reference counts for each look.
    private let stripes: InlineArray<16, Stripe>

    /// Starts with nothing live.
    init() {
        self.stripes = InlineArray { _ in Stripe() }
    }

    /// Finds a version and counts a lease on it; `nil` when there's no such live version.
    func open(_ selector: ModelSelector) -> VersionHandle? {
        stripes[stripe].models.withLock { models in
            let handle =
                switch selector.version {
                case .latest: models.latest[selector.name]
                case .exact(let version): models.handle(of: version, of: selector.name)
                case .label(let label):
                    models.labels[selector.name]?[label].flatMap { models.handle(of: $0, of: selector.name) }
                }
            guard let handle, handle.open() else { return nil }
            return handle
        }
    }

    /// Lets a version answer from now on.
    func insert(_ handle: VersionHandle) {
        change { models in
            var versions = models.all[handle.id.name] ?? []
            let index = versions.firstIndex { $0.id.version > handle.id.version } ?? versions.endIndex
            versions.insert(handle, at: index)
            models.setVersions(versions, of: handle.id.name)
        }
    }

    /// Lets a version take no new requests from now on.
    func remove(_ handle: VersionHandle) {
        change { models in
            models.setVersions((models.all[handle.id.name] ?? []).filter { $0 !== handle }, of: handle.id.name)
        }
    }

    /// Lets a version take the place of another edition of itself, in one step for everybody.
    func replace(_ old: VersionHandle, with new: VersionHandle) {
        change { models in
            let versions = (models.all[old.id.name] ?? []).map { $0 === old ? new : $0 }
            models.setVersions(versions, of: old.id.name)
        }
    }

    /// Lets a model's labels point to these versions from now on, and to no others.
    func setLabels(_ labels: [VersionLabel: ModelVersion], of name: ModelName) {
        guard self.labels(of: name) != labels else { return }
        change { $0.labels[name] = labels.isEmpty ? nil : labels }
    }

    /// Forgets the labels of all models but these.
    func forgetLabels(except names: Set<ModelName>) {
        let labelled = stripes[stripe].models.withLock { Array($0.labels.keys) }
        for name in labelled where !names.contains(name) { setLabels([:], of: name) }
    }

    /// Where a model's labels point.
    func labels(of name: ModelName) -> [VersionLabel: ModelVersion] {
        stripes[stripe].models.withLock { $0.labels[name] } ?? [:]
    }

    /// The versions of a model, ascending.
    func versions(of name: ModelName) -> [ModelVersion] {
        let versions = stripes[stripe].models.withLock { $0.all[name] }
        return versions?.map(\.id.version) ?? []
    }

    /// Every version, sorted by name and version.
    var all: [VersionHandle] {
        let models = stripes[stripe].models.withLock { $0.all }
        return models.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    /// The calling thread's stripe.
    private var stripe: Int {
        // The thread's address without the bits that all have in common; Fibonacci hashing spreads what is left.
        let mixed = UInt64(pthread_self()) &>> 12 &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed &>> 60)
    }

    /// Changes all stripes, with all locks held until the last one is changed.
    ///
    /// - Parameters:
    ///   - index: The first stripe to lock; those before it are locked.
    ///   - body: Changes one stripe.
    private func change(from index: Int = 0, _ body: (inout Models) -> Void) {
        guard index < stripes.count else { return }
        stripes[index].models.withLock { models in
            change(from: index + 1, body)
            body(&models)
        }
    }
}
