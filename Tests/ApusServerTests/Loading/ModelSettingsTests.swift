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

    @Test func `allowed sizes are an ascending list`() throws {
        let text = "scheduling:\n  allowed_batch_sizes: [1, 4, 4096]\n"
        let settings = try ModelSettings(text: text, place: "m/apus.yaml")
        #expect(settings.scheduling.allowedBatchSizes == [1, 4, 4096])
        let words = faults("scheduling:\n  allowed_batch_sizes: [4, 1]")
        #expect(words.contains("m/apus.yaml:2: scheduling.allowed_batch_sizes: expected at least one size, each"))
        for wrong in ["[]", "[1, 1]"] {
            #expect(faults("scheduling: {allowed_batch_sizes: \(wrong)}").contains("each larger than the one before"))
        }
        for wrong in ["[0, 1]", "[-1]", "[4097]", "[a]", "4", "{a: 1}"] {
            #expect(faults("scheduling: {allowed_batch_sizes: \(wrong)}").contains("whole numbers from 1 to 4096"))
        }
    }

    @Test func `an input of variable length has its entry`() throws {
        let text = """
            scheduling:
              pad:
                - input: tokens
                  axis: 1
                  sizes: [32, 64]
                  value: -1.5
                  outputs: {scores: 2}
                - {input: mask, axis: 3, sizes: [1048576]}
            """
        let settings = try ModelSettings(text: text, place: "m/apus.yaml")
        #expect(
            settings.scheduling.pad == [
                .init(input: "tokens", axis: 1, sizes: [32, 64], value: "-1.5", outputs: ["scores": 2]),
                .init(input: "mask", axis: 3, sizes: [1 << 20]),
            ]
        )
    }

    @Test(arguments: [
        ("{axis: 1, sizes: [4]}", "scheduling.pad[0].input: is missing; an entry needs input, axis and sizes"),
        ("{input: a, axis: 0, sizes: [4]}", "scheduling.pad[0].axis: expected a whole number from 1 to 31, not '0'"),
        ("{input: a, axis: 32, sizes: [4]}", "expected a whole number from 1 to 31, not '32'"),
        ("{input: a, axis: 1, sizes: [4, 2]}", "scheduling.pad[0].sizes: expected at least one size, each larger"),
        ("{input: a, axis: 1, sizes: [1048577]}", "a list of whole numbers from 1 to 1048576"),
        ("{input: a, axis: 1, sizes: [4], outputs: {x: 0}}", "expected a dimension from 1 to 31 for 'x', not '0'"),
        ("{input: a, axis: 1, sizes: [4], outputs: x}", "scheduling.pad[0].outputs: expected 'name: text' lines"),
        ("{input: a, axis: 1, size: [4]}", "scheduling.pad[0].size: unknown key; did you mean 'sizes'?"),
    ]) func `an entry that is wrong says what was expected`(_ entry: String, _ words: String) {
        #expect(faults("scheduling: {pad: [\(entry)]}").contains(words))
    }

    @Test func `entries come in a list`() {
        #expect(faults("scheduling: {pad: {input: a}}").contains("scheduling.pad: expected a list, not a mapping"))
    }
}
