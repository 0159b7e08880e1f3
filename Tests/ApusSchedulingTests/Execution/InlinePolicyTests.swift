import ApusCore
import Testing

@testable import ApusScheduling

struct InlinePolicyTests {
    private let start = MonotonicTime(nanoseconds: 1_000)
    private let fast = InlinePolicy.limit
    private let unbearable = InlinePolicy.unbearable + 1

    /// A policy that has measured one shape often enough.
    private func makeMeasured(_ shape: UInt64 = 1, ban: InlinePolicy.Ban? = nil) -> InlinePolicy {
        var policy = InlinePolicy(ban: ban)
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: shape, cost: fast) }
        return policy
    }

    @Test func `a shape runs inline after as many cheap runs as are needed, not before`() {
        var policy = InlinePolicy()
        for _ in 0..<InlinePolicy.neededScore {
            #expect(!policy.mayRunInline(shape: 1, now: start))
            policy.ranOnPool(shape: 1, cost: fast)
        }
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `a shape that was never measured doesn't run inline`() {
        let policy = makeMeasured(1)
        #expect(!policy.mayRunInline(shape: 2, now: start))
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `shape zero is a shape like others`() {
        #expect(!InlinePolicy().mayRunInline(shape: 0, now: start))
    }

    @Test func `a model that may not run inline never does`() {
        var policy = makeMeasured(ban: .dataDependentCost)
        policy.ranInline(shape: 1, cost: 1, now: start)
        #expect(!policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `a costly run on an engine thread takes two cheap ones back`() {
        var policy = makeMeasured()
        policy.ranOnPool(shape: 1, cost: fast + 1)
        #expect(!policy.mayRunInline(shape: 1, now: start))
        policy.ranOnPool(shape: 1, cost: fast)
        #expect(!policy.mayRunInline(shape: 1, now: start))
        policy.ranOnPool(shape: 1, cost: fast)
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `other shapes keep their measurements`() {
        var policy = makeMeasured(1)
        policy.ranOnPool(shape: 2, cost: fast + 1)
        #expect(!policy.mayRunInline(shape: 2, now: start))
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `a run that took long by the wall clock proves nothing and makes suspicious`() {
        var policy = makeMeasured()
        policy.ranInline(shape: 1, wall: fast)
        #expect(!policy.isSuspicious)
        policy.ranInline(shape: 1, wall: .max)
        #expect(policy.isSuspicious)
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `suspicion ends after enough runs that cost little`() {
        var policy = makeMeasured()
        policy.ranInline(shape: 1, wall: fast + 1)
        for _ in 0..<InlinePolicy.suspiciousRuns {
            #expect(policy.isSuspicious)
            policy.ranInline(shape: 1, cost: fast, now: start)
        }
        #expect(!policy.isSuspicious)
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `enough slow runs among those measured end it`() {
        var policy = makeMeasured()
        policy.ranInline(shape: 1, wall: fast + 1)
        for _ in 1..<InlinePolicy.maxStrikes {
            policy.ranInline(shape: 1, cost: fast, now: start)
            policy.ranInline(shape: 1, cost: fast + 1, now: start)
            #expect(policy.mayRunInline(shape: 1, now: start))
        }
        policy.ranInline(shape: 1, cost: fast + 1, now: start)
        #expect(!policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `slow runs don't add up over several suspicions`() {
        var policy = makeMeasured()
        for _ in 0..<10 {
            policy.ranInline(shape: 1, wall: fast + 1)
            for _ in 1..<InlinePolicy.maxStrikes { policy.ranInline(shape: 1, cost: fast + 1, now: start) }
        }
        #expect(policy.mayRunInline(shape: 1, now: start))
    }

    @Test func `a run that cost very much ends it at once, for all shapes`() {
        var policy = makeMeasured()
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 2, cost: fast) }
        policy.ranInline(shape: 1, cost: unbearable, now: start)
        #expect(!policy.mayRunInline(shape: 1, now: start))
        #expect(!policy.mayRunInline(shape: 2, now: start))
        #expect(!policy.isSuspicious)
    }

    @Test func `after the cooldown it must be measured again`() {
        var policy = makeMeasured()
        policy.ranInline(shape: 1, cost: unbearable, now: start)
        let over = start.advanced(byNanoseconds: InlinePolicy.firstCooldown)
        #expect(!policy.mayRunInline(shape: 1, now: over))
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: fast) }
        #expect(!policy.mayRunInline(shape: 1, now: over.advanced(byNanoseconds: -1)))
        #expect(policy.mayRunInline(shape: 1, now: over))
    }

    @Test func `the cooldown doubles each time, up to ten minutes`() {
        var policy = makeMeasured()
        var now = start
        var cooldown = InlinePolicy.firstCooldown
        for _ in 0..<14 {
            for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: fast) }
            #expect(policy.mayRunInline(shape: 1, now: now))
            policy.ranInline(shape: 1, cost: unbearable, now: now)
            for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: fast) }
            let over = now.advanced(byNanoseconds: cooldown)
            #expect(!policy.mayRunInline(shape: 1, now: over.advanced(byNanoseconds: -1)))
            #expect(policy.mayRunInline(shape: 1, now: over))
            now = over
            cooldown = min(cooldown * 2, InlinePolicy.longestCooldown)
        }
    }

    @Test func `a run that ends after the model has left doesn't bring it back`() {
        var policy = makeMeasured()
        policy.ranInline(shape: 1, cost: unbearable, now: start)
        policy.ranInline(shape: 1, wall: 1)
        policy.ranInline(shape: 1, cost: 1, now: start)
        #expect(!policy.mayRunInline(shape: 1, now: start.advanced(byNanoseconds: InlinePolicy.longestCooldown)))
    }

    @Test func `two costly runs that overlap double the cooldown once`() {
        var policy = makeMeasured()
        policy.ranInline(shape: 1, cost: unbearable, now: start)
        policy.ranInline(shape: 1, cost: unbearable, now: start.advanced(byNanoseconds: 10))
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: fast) }
        let over = start.advanced(byNanoseconds: InlinePolicy.firstCooldown)
        #expect(policy.mayRunInline(shape: 1, now: over))
        policy.ranInline(shape: 1, cost: 1, now: over)
        #expect(policy.mayRunInline(shape: 1, now: over), "a strike of before was kept")
        policy.ranInline(shape: 1, cost: unbearable, now: over)
        for _ in 0..<InlinePolicy.neededScore { policy.ranOnPool(shape: 1, cost: fast) }
        #expect(policy.mayRunInline(shape: 1, now: over.advanced(byNanoseconds: InlinePolicy.firstCooldown * 2)))
    }

    @Test func `a client that sends every shape doesn't make it remember them all`() {
        var policy = makeMeasured(0)
        for shape: UInt64 in 1...100_000 { policy.ranOnPool(shape: shape, cost: fast) }
        // What others run on event loops stays there.
        #expect(policy.mayRunInline(shape: 0, now: start))
        #expect(!policy.mayRunInline(shape: 50_000, now: start))
        for _ in 1..<InlinePolicy.neededScore { policy.ranOnPool(shape: 100_000, cost: fast) }
        #expect(policy.mayRunInline(shape: 100_000, now: start))
    }

    @Test func `the note says what happens and why`() {
        var policy = InlinePolicy()
        #expect(
            policy.note(now: start) == "runs on engine threads: no measured shape is cheaper than a thread hop yet"
        )
        policy = makeMeasured()
        #expect(
            policy.note(now: start) == "runs on the event loop: measured runs are cheaper than a thread hop"
        )
        policy.ranInline(shape: 1, cost: unbearable, now: start)
        #expect(policy.note(now: start) == "runs on engine threads: recent runs were slow")
        #expect(
            policy.note(now: start.advanced(byNanoseconds: InlinePolicy.firstCooldown))
                == "runs on engine threads: no measured shape is cheaper than a thread hop yet"
        )
        #expect(
            InlinePolicy(ban: .dataDependentCost).note(now: start)
                == "runs on engine threads: the values of the model's inputs may decide how long a run takes"
        )
        #expect(
            InlinePolicy(ban: .configuration).note(now: start)
                == "runs on engine threads: the server's configuration says inline_runs: false"
        )
    }
}
