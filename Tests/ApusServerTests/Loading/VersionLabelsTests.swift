import ApusCore
import ApusModels
import Testing

@testable import ApusServer

struct VersionLabelsTests {
    private func refusal(_ text: String) -> String? {
        do throws(ModelError) {
            _ = try VersionLabels(text: Array(text.utf8), place: "m/apus-labels.json")
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `labels are read beside the versions`() throws {
        let repository = Repository().addIdentity("m")
        #expect(try VersionLabels(#require(try repository.folder(of: "m"))).versions.isEmpty)
        repository.folder.write("m/apus-labels.json", #"{"stable": 3, "canary": 12}"#)
        let labels = try VersionLabels(#require(try repository.folder(of: "m"))).versions
        #expect(labels.count == 2)
        #expect(labels[try #require(VersionLabel("stable"))] == ModelVersion(3))
        #expect(labels[try #require(VersionLabel("canary"))] == ModelVersion(12))
    }

    @Test func `the history of labels is passed over`() throws {
        let text = #"{"stable": 3, "$history": [{"label": "stable", "from": null, "to": 3, "time": 1, "by": "ann"}]}"#
        let labels = try VersionLabels(text: Array(text.utf8), place: "m/apus-labels.json")
        #expect(labels.versions == [try #require(VersionLabel("stable")): try #require(ModelVersion(3))])
    }

    @Test(arguments: [
        ("[]", "it isn't readable as a JSON object"), ("", "it isn't readable as a JSON object"),
        (#"{"a": 1} x"#, "it isn't readable as a JSON object"),
        (#"{"12": 1}"#, "'12' can't be a label: \(VersionLabel.rule)"),
        (#"{"": 1}"#, "'' can't be a label: \(VersionLabel.rule)"),
        (#"{"a/b": 1}"#, "'a/b' can't be a label: \(VersionLabel.rule)"),
        (#"{"a": 0}"#, "label 'a' has no version number, which is 1 or more"),
        (#"{"a": "1"}"#, "label 'a' has no version number, which is 1 or more"),
        (#"{"a": 1.5}"#, "label 'a' has no version number, which is 1 or more"),
        (#"{"a": 99999999999999999999}"#, "label 'a' has no version number, which is 1 or more"),
        (#"{"a": 1, "a": 2}"#, "label 'a' comes twice"),
    ]) func `a wrong file is refused with the reason`(_ text: String, _ reason: String) {
        #expect(
            refusal(text) == "m/apus-labels.json: \(reason); expected for example {\"stable\": 3, \"canary\": 4}"
        )
    }

    @Test func `there are bounds`() {
        let many = (0...VersionLabels.maxCount).map { "\"l\($0)\": 1" }.joined(separator: ",")
        #expect(refusal("{\(many)}")?.contains("it has 1001 labels") == true)
        // The history is none of them.
        let most = (0..<VersionLabels.maxCount).map { "\"l\($0)\": 1" }.joined(separator: ",")
        #expect(refusal("{\(most), \"$history\": []}") == nil)
    }
}
