import ApusCore
import ApusScheduling
import Testing

@testable import ApusServer

struct ModelSettingsTests {
    private func faults(_ text: String) -> String {
        do throws(ModelError) {
            _ = try ModelSettings(text: text, place: "m/apus.yaml")
            return ""
        } catch {
            return error.message
        }
    }

    @Test func `an empty file says nothing`() throws {
        #expect(try ModelSettings(text: "", place: "m/apus.yaml") == ModelSettings())
        #expect(try ModelSettings(text: "# nothing\n", place: "m/apus.yaml") == ModelSettings())
    }

    @Test func `a latency goal is a time`() throws {
        let settings = try ModelSettings(text: "scheduling:\n  latency_goal: 20ms\n", place: "m/apus.yaml")
        #expect(settings.scheduling.latencyGoal == 20_000_000)
    }

    @Test func `a priority is one of three words`() throws {
        for (word, priority) in [("high", ModelPriority.high), ("normal", .normal), ("low", .low)] {
            let settings = try ModelSettings(text: "scheduling:\n  priority: \(word)\n", place: "m/apus.yaml")
            #expect(settings.scheduling.priority == priority)
        }
        #expect(faults("scheduling:\n  priority: 7").contains("expected high, normal or low, not '7'"))
    }

    @Test func `every fault is named with its line and what was probably meant`() {
        let words = faults("scheduling:\n  latency_gaol: 20ms\nschedulling: 1\n")
        #expect(words.contains("m/apus.yaml:2: scheduling.latency_gaol: unknown key; did you mean 'latency_goal'?"))
        #expect(words.contains("m/apus.yaml:3: schedulling: unknown key; did you mean 'scheduling'?"))
    }

    @Test func `values that don't fit say what was expected`() {
        #expect(faults("scheduling:\n  latency_goal: 20").contains("expected a time with its unit, for example 20ms"))
        #expect(faults("scheduling:\n  latency_goal: 0ms").contains("expected more than nothing"))
        #expect(faults("scheduling: [1]").contains("expected 'key: value' lines"))
        #expect(faults("a: [").contains("is not YAML"))
    }
}
