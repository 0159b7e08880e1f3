import ApusCore
import ApusProtocol
import ApusScheduling
import Testing

@testable import ApusServer

struct SchedulingPlanTests {
    private func plan(_ configuration: String, _ settings: String = "") throws -> SchedulingPlan {
        try SchedulingPlan(
            try ModelConfiguration.parse(text: configuration),
            settings: try ModelSettings(text: settings, place: "m/apus.yaml"),
            place: "m/config.pbtxt"
        )
    }

    private func refusal(_ configuration: String, _ settings: String = "") -> String? {
        let error = #expect(throws: ModelError.self) { try plan(configuration, settings) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message
    }

    private static let goal = "scheduling: {latency_goal: 20ms}"

    @Test func `nothing written leaves everything to what is measured`() throws {
        let plan = try plan("")
        #expect(plan.batching == BatchRules())
        #expect(!plan.queue.isWritten)
    }

    @Test func `what is written of dynamic batching is taken over`() throws {
        let text = """
            max_batch_size: 8
            dynamic_batching {
              preferred_batch_size: [ 8, 4 ] max_queue_delay_microseconds: 100 preserve_ordering: true
              default_queue_policy { max_queue_size: 5 timeout_action: DELAY }
            }
            """
        let plan = try plan(text)
        #expect(plan.batching.preferredSizes == [4, 8])
        #expect(plan.batching.maxDelay == 100_000)
        #expect(plan.batching.preservesOrdering)
        #expect(plan.queue.isWritten)
        #expect(plan.queue.policies.map(\.maxSize) == [5])
        #expect(plan.queue.policies.map(\.timeoutAction) == [.delay])
    }

    @Test func `sizes, a delay and a goal are refused where no requests share runs`() throws {
        let off = "parameters { key: \"batching\" value { string_value: \"off\" } } max_batch_size: 8 "
        let sizes = refusal(off + "dynamic_batching { preferred_batch_size: [4] max_queue_delay_microseconds: 100 }")
        #expect(sizes?.contains("dynamic_batching.preferred_batch_size and dynamic_batching.max_queue") == true)
        let sequences = refusal(off + "sequence_batching { oldest { preferred_batch_size: [4] } }")
        #expect(sequences?.contains("sequence_batching.oldest.preferred_batch_size would do nothing") == true)
        #expect(throws: Never.self) { try plan(off + "sequence_batching { oldest { max_candidate_sequences: 2 } }") }
        #expect(refusal(off, SchedulingPlanTests.goal)?.contains("scheduling.latency_goal would do nothing") == true)
        // Priorities and policies say something of requests that run one by one, too.
        #expect(try !plan(off + "dynamic_batching { priority_levels: 2 default_priority_level: 1 }").batching.isAllowed)
    }

    @Test func `a goal goes with dynamic batching that leaves sizes and delay open`() throws {
        #expect(try plan("", SchedulingPlanTests.goal).batching.latencyGoal == 20_000_000)
        let ordered = try plan("dynamic_batching { preserve_ordering: true }", SchedulingPlanTests.goal).batching
        #expect(ordered.latencyGoal == 20_000_000)
        #expect(ordered.preservesOrdering)
    }

    @Test(arguments: ["preferred_batch_size: [ 2 ]", "max_queue_delay_microseconds: 5"])
    func `a goal beside sizes or a delay is refused, both named`(_ written: String) {
        let words = refusal("max_batch_size: 4 dynamic_batching { \(written) }", SchedulingPlanTests.goal)
        #expect(words?.hasPrefix("m/config.pbtxt: dynamic_batching has preferred_batch_size or") == true)
        #expect(words?.contains("scheduling.latency_goal, which chooses both; remove one") == true)
    }

    @Test func `priorities have bounds`() throws {
        let levels = "dynamic_batching { priority_levels: 3 default_priority_level: 2 }"
        #expect(try plan(levels).queue.policies.count == 3)
        #expect(refusal("dynamic_batching { priority_levels: 1025 }")?.contains("at most 1024") == true)
    }

    @Test func `batching is switched by a parameter`() throws {
        func parameter(_ value: String) -> String {
            #"parameters { key: "batching" value { string_value: "\#(value)" } }"#
        }
        #expect(try plan(parameter("on")).batching.isAllowed)
        #expect(try !plan(parameter("off")).batching.isAllowed)
        #expect(refusal(parameter("no"))?.contains(#"batching is 'no'; write "on" or "off""#) == true)
        let sizes = "scheduling: {allowed_batch_sizes: [4]}"
        #expect(refusal(parameter("off"), sizes)?.contains("batching is 'off', so that no run could be filled") == true)
    }

    @Test func `allowed sizes fit max_batch_size`() throws {
        let sizes = "scheduling: {allowed_batch_sizes: [1, 4, 16]}"
        #expect(try plan("", sizes).batching.allowedSizes == AllowedSizes([1, 4, 16]))
        #expect(try plan("max_batch_size: 16", sizes).batching.allowedSizes == AllowedSizes([1, 4, 16]))
        let words = refusal("max_batch_size: 15", sizes)
        #expect(words?.hasPrefix("m/config.pbtxt: max_batch_size is 15, but apus.yaml's") == true)
        #expect(words?.contains("go up to 16") == true)
        let sequences = "sequence_batching { }"
        #expect(refusal(sequences, sizes)?.contains("write max_batch_size") == true)
        #expect(try plan("max_batch_size: 16 \(sequences)", sizes).batching.allowedSizes.sizes == [1, 4, 16])
    }

    @Test func `sequences of the strategy oldest keep the order that is asked for`() throws {
        let text = "sequence_batching { oldest { max_candidate_sequences: 2 preserve_ordering: true } }"
        #expect(try plan("max_batch_size: 4 \(text)").batching.preservesOrdering)
    }
}
