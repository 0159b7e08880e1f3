import ApusCore
import ApusProtocol
import Testing

@testable import ApusServer

struct EnsembleSettingsTests {
    private func settings(_ text: String) throws -> EnsembleSettings {
        try #require(try ModelSettings(text: text, place: "m/apus.yaml").ensemble)
    }

    private func faults(_ text: String) -> String {
        do throws(ModelError) {
            _ = try ModelSettings(text: text, place: "m/apus.yaml")
            return ""
        } catch {
            return error.message
        }
    }

    private func conflict(_ text: String, with configuration: String) throws -> String {
        let settings = try settings(text)
        let written = try ModelConfiguration.parse(text: configuration)
        let error = #expect(throws: ModelError.self) { try settings.complete(written, place: "m/apus.yaml") }
        return error?.message ?? ""
    }

    private static let steps = """
        ensemble:
          steps:
            - { model: a, version: 2, inputs: { X: raw, W: more }, outputs: { Y: t, Z: side } }
            - { model: b, inputs: { X: t }, outputs: { Y: label } }

        """

    @Test func `inputs and outputs follow from the steps`() throws {
        let configuration = try settings(Self.steps).complete(.empty, place: "m/apus.yaml")
        #expect(configuration.isEnsemble && configuration.platform == "ensemble")
        #expect(configuration.inputs.map(\.name) == ["raw", "more"])
        #expect(configuration.outputs.map(\.name) == ["side", "label"])
        let steps = try #require(configuration.ensembleScheduling?.steps)
        #expect(steps.map(\.modelName) == ["a", "b"])
        #expect(steps.map(\.modelVersion) == [2, nil])
        #expect(steps[0].inputMap == ["X": "raw", "W": "more"] && steps[1].outputMap == ["Y": "label"])
        #expect(configuration.validate().isEmpty)
    }

    @Test func `written ones count, in their order`() throws {
        let text = Self.steps + "  inputs: [ raw, more ]\n  outputs: [ label, t, side ]\n  max_batch_size: 8\n"
        let configuration = try settings(text).complete(.empty, place: "m/apus.yaml")
        #expect(configuration.inputs.map(\.name) == ["raw", "more"])
        #expect(configuration.outputs.map(\.name) == ["label", "t", "side"])
        #expect(configuration.maxBatchSize == 8)
        #expect(configuration.validate().isEmpty)
    }

    @Test func `what config.pbtxt says besides is kept`() throws {
        let written = try ModelConfiguration.parse(text: "max_batch_size: 8 version_policy { all { } }")
        let configuration = try settings(Self.steps).complete(written, place: "m/apus.yaml")
        #expect(configuration.maxBatchSize == 8 && configuration.versionPolicy == .all)
    }

    @Test func `two opinions are a fault`() throws {
        #expect(try conflict(Self.steps, with: "ensemble_scheduling { }").contains("has ensemble_scheduling too"))
        #expect(try conflict(Self.steps, with: "dynamic_batching { }").contains("says how requests are joined"))
        #expect(try conflict(Self.steps, with: "backend: 'builtin'").contains("names an engine"))
        #expect(
            try conflict(Self.steps + "  max_batch_size: 4\n", with: "max_batch_size: 8")
                == "m/apus.yaml: ensemble: max_batch_size is 4, but 8 in config.pbtxt; write it in one of the two"
        )
        #expect(try conflict(Self.steps + "  inputs: [ raw ]\n", with: "input { name: 'raw' }").contains("inputs"))
    }

    @Test func `every fault is named with its line`() {
        let text = """
            ensemble:
              steps:
                - { modle: a, inputs: { X: raw }, outputs: { Y: t } }
                - { model: "../etc", version: 0, inputs: [ raw ] }
              stepz: []
            """
        let words = faults(text)
        #expect(
            words.contains("m/apus.yaml:3: ensemble.steps[0].modle: unknown key; did you mean 'model'?"),
            "\(words)"
        )
        #expect(words.contains("ensemble.steps[0].model: expected the name of the model to ask"), "\(words)")
        #expect(words.contains("ensemble.steps[1].model: '../etc' can't be a model's name"), "\(words)")
        #expect(words.contains("ensemble.steps[1].version: expected a whole number from 1"), "\(words)")
        #expect(words.contains("ensemble.steps[1].inputs: expected 'name: text' lines"), "\(words)")
        #expect(words.contains("ensemble.steps[1].outputs: expected the model's outputs"), "\(words)")
        #expect(words.contains("ensemble.stepz: unknown key; did you mean 'steps'?"), "\(words)")
    }

    @Test func `an ensemble without steps is none`() {
        #expect(faults("ensemble: {}").contains("ensemble.steps: expected a list of steps"))
        #expect(faults("ensemble: { steps: 3 }").contains("ensemble.steps: expected a list, not '3'"))
    }
}
