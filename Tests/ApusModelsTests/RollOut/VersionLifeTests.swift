import ApusCore
import ApusModels
import Testing

struct VersionLifeTests {
    private static let error = ModelError(.loadFailed, "broken")
    private static let way: [VersionLife] = [
        .discovered, .fetching, .verifying, .loading, .warming, .validating, .live,
    ]

    @Test func `the way to live goes forwards and never past loading`() {
        let loading = 3
        for (from, life) in Self.way.enumerated() {
            for (to, next) in Self.way.enumerated() {
                let isLegal = to > from && (from >= loading || to <= loading)
                #expect(life.allows(next) == isLegal, "\(life) to \(next)")
            }
        }
    }

    @Test func `failure comes from the first seven states only`() {
        for life in Self.way { #expect(life.allows(.failed(Self.error))) }
        for life in [VersionLife.standby, .draining, .unloaded, .failed(Self.error)] {
            #expect(!life.allows(.failed(Self.error)))
        }
    }

    @Test func `what was live ends by draining, perhaps after a stand-by`() {
        #expect(VersionLife.live.allows(.standby) && VersionLife.live.allows(.draining))
        #expect(VersionLife.standby.allows(.live) && VersionLife.standby.allows(.draining))
        #expect(VersionLife.draining.allows(.unloaded))
        #expect(!VersionLife.draining.allows(.live) && !VersionLife.live.allows(.unloaded))
        #expect(VersionLife.discovered.allows(.unloaded) && !VersionLife.loading.allows(.unloaded))
        for next in Self.way + [.standby, .draining, .unloaded] {
            #expect(!VersionLife.unloaded.allows(next) && !VersionLife.failed(Self.error).allows(next))
        }
    }

    @Test func `outwardly there are four states and a reason`() {
        #expect(VersionLife.validating.outwardState == .loading && VersionLife.discovered.outwardState == .loading)
        #expect(VersionLife.live.outwardState == .ready && VersionLife.live.outwardReason.isEmpty)
        #expect(VersionLife.draining.outwardState == .unloading)
        #expect(VersionLife.unloaded.outwardState == .unavailable && VersionLife.unloaded.outwardReason == "unloaded")
        #expect(VersionLife.failed(Self.error).outwardReason == "broken")
        #expect(VersionLife.standby.outwardState == .unavailable)
    }
}
