import ApusCore
import ApusModels
import Testing

struct AvailabilityPreservingPolicyTests {
    private static let error = ModelError(.loadFailed, "broken")

    private func next(_ versions: [(Int64, VersionLife, Bool)]) -> TransitionAction? {
        AvailabilityPreservingPolicy().nextAction(
            for: versions.map { VersionSnapshot(ModelVersion($0.0)!, $0.1, isAspired: $0.2) }
        )
    }

    private func version(_ number: Int64) -> ModelVersion { ModelVersion(number)! }

    @Test func `the highest wanted version is loaded first`() {
        #expect(next([(1, .discovered, true), (2, .discovered, true)]) == .load(version(2)))
        #expect(next([(1, .discovered, true), (2, .loading, true)]) == .load(version(1)))
        #expect(next([(1, .loading, true), (2, .loading, true)]) == nil)
    }

    @Test func `an old version stays until a wanted one is live`() {
        #expect(next([(1, .live, false), (2, .discovered, true)]) == .load(version(2)))
        #expect(next([(1, .live, false), (2, .loading, true)]) == nil)
        #expect(next([(1, .live, false), (2, .live, true)]) == .drain(version(1)))
    }

    @Test func `an old version stays when the wanted one fails`() {
        #expect(next([(1, .live, false), (2, .failed(Self.error), true)]) == nil)
    }

    @Test func `the latest one stays until its successor is live, whatever else is wanted and live`() {
        #expect(next([(5, .live, true), (7, .live, false), (8, .loading, true)]) == nil)
        #expect(next([(5, .live, true), (7, .live, false), (8, .failed(Self.error), true)]) == nil)
        #expect(next([(5, .live, true), (7, .live, false), (8, .live, true)]) == .drain(version(7)))
        #expect(next([(3, .live, false), (5, .live, true), (8, .failed(Self.error), true)]) == .drain(version(3)))
        #expect(next([(5, .live, true), (6, .loading, true), (7, .live, false)]) == nil)
    }

    @Test func `everything goes when nothing is wanted`() {
        #expect(next([(1, .live, false), (2, .standby, false)]) == .drain(version(1)))
        #expect(next([(1, .draining, false), (2, .standby, false)]) == .drain(version(2)))
        #expect(next([(1, .draining, false), (2, .loading, false)]) == nil)
    }

    @Test func `the way back goes to a lower version`() {
        #expect(next([(1, .discovered, true), (2, .live, false)]) == .load(version(1)))
        #expect(next([(1, .live, true), (2, .live, false)]) == .drain(version(2)))
    }

    @Test func `a live version that is to be loaded anew is replaced, once, after new ones are loaded`() {
        let policy = AvailabilityPreservingPolicy()
        func snapshot(_ number: Int64, _ life: VersionLife, wanted: Bool = true, busy: Bool = false) -> VersionSnapshot
        {
            VersionSnapshot(version(number), life, isAspired: wanted, isStale: true, isBeingReplaced: busy)
        }
        #expect(policy.nextAction(for: [snapshot(1, .live)]) == .replace(version(1)))
        #expect(policy.nextAction(for: [snapshot(1, .live), snapshot(2, .discovered)]) == .load(version(2)))
        #expect(policy.nextAction(for: [snapshot(1, .live, busy: true)]) == nil)
        #expect(policy.nextAction(for: [snapshot(1, .live, wanted: false, busy: true)]) == nil)
        #expect(policy.nextAction(for: [snapshot(1, .live, wanted: false)]) == .drain(version(1)))
        #expect(policy.nextAction(for: [snapshot(1, .loading)]) == nil)
    }
}
