import ApusCore
import ApusStorage
import Testing

struct LabelPointerTests {
    private static let model = ModelName("iris")!
    private static let stable = VersionLabel("stable")!
    private static let canary = VersionLabel("canary")!

    private func version(_ number: Int64) -> ModelVersion { ModelVersion(number)! }

    private func move(_ pointer: inout LabelPointer, _ label: VersionLabel, _ number: Int64, at time: Int64 = 1) throws
    {
        let changed = try pointer.move(label, to: version(number), at: time, by: "ann")
        #expect(changed)
    }

    private func rollBack(_ pointer: inout LabelPointer) throws -> Int64 {
        try pointer.rollBack(LabelPointerTests.stable, at: 9, by: "ben").number
    }

    private func read(_ text: String) throws -> LabelPointer {
        try LabelPointer.read(Array(text.utf8), of: LabelPointerTests.model)
    }

    @Test func `a copy that knows more is taken as it is, another one is followed with a note`() throws {
        var source = LabelPointer()
        try move(&source, LabelPointerTests.stable, 1)
        var copy = LabelPointer()
        #expect(copy.follow(source, at: 5, by: "eve").map(\.to) == [version(1)])
        #expect(copy == source)
        try move(&source, LabelPointerTests.stable, 2, at: 6)
        #expect(copy.follow(source, at: 7, by: "eve").map(\.from) == [version(1)])
        #expect(copy == source)
        // Something happened to both.
        try move(&copy, LabelPointerTests.stable, 6, at: 8)
        try move(&copy, LabelPointerTests.canary, 7, at: 8)
        let changes = copy.follow(source, at: 9, by: "eve")
        #expect(changes.map(\.from) == [version(7), version(6)] && changes.map(\.to) == [nil, version(2)])
        #expect(copy.versions == source.versions)
        #expect(copy.moves.map(\.time) == [1, 6, 8, 8, 9, 9])
        let back = try copy.rollBack(LabelPointerTests.stable, at: 10, by: "ann")
        #expect(back == version(6))
        #expect(copy.follow(copy, at: 11, by: "eve").isEmpty)
    }

    @Test func `moves are remembered and come back`() throws {
        var pointer = LabelPointer()
        try move(&pointer, LabelPointerTests.stable, 1)
        try move(&pointer, LabelPointerTests.canary, 2)
        try move(&pointer, LabelPointerTests.stable, 2, at: 5)
        let again = try pointer.move(LabelPointerTests.stable, to: version(2), at: 6, by: "ann")
        #expect(!again)
        try pointer.remove(LabelPointerTests.canary, at: 7, by: "ben")
        #expect(pointer.versions == [LabelPointerTests.stable: version(2)])
        #expect(pointer.labels(of: version(2)) == [LabelPointerTests.stable])
        #expect(pointer.moves.map(\.to) == [version(1), version(2), version(2), nil])
        #expect(pointer.moves[2].from == version(1))
        #expect(try LabelPointer.read(pointer.text, of: LabelPointerTests.model) == pointer)
    }

    @Test func `a label rolls back step by step`() throws {
        var pointer = LabelPointer()
        for number in 1...3 { try move(&pointer, LabelPointerTests.stable, Int64(number)) }
        #expect(try rollBack(&pointer) == 2)
        #expect(try rollBack(&pointer) == 1)
        #expect(throws: StorageError.self) { try rollBack(&pointer) }
        try move(&pointer, LabelPointerTests.stable, 3)
        pointer = try LabelPointer.read(pointer.text, of: LabelPointerTests.model)
        #expect(try rollBack(&pointer) == 1)
        #expect(throws: StorageError.self) {
            try pointer.rollBack(LabelPointerTests.canary, at: 1, by: "")
        }
    }

    @Test func `people can read and write the file`() throws {
        var pointer = try read(#"{"stable": 3, "canary": 4}"#)
        #expect(pointer.versions == [LabelPointerTests.stable: version(3), LabelPointerTests.canary: version(4)])
        try move(&pointer, LabelPointerTests.stable, 4, at: 1_795_300_000)
        #expect(
            String(decoding: pointer.text, as: UTF8.self) == """
                {
                  "canary": 4,
                  "stable": 4,
                  "$history": [
                    {"label": "stable", "from": 3, "to": 4, "time": 1795300000, "by": "ann"}
                  ]
                }

                """
        )
    }

    @Test func `history and labels are bounded`() throws {
        var pointer = LabelPointer()
        for number in 1...300 { try move(&pointer, LabelPointerTests.stable, Int64(number)) }
        #expect(pointer.moves.count == LabelPointer.maxMoves)
        #expect(pointer.moves.last?.to == version(300))
        pointer = LabelPointer()
        for number in 0..<LabelPointer.maxLabels { try move(&pointer, VersionLabel("l\(number)")!, 1) }
        #expect(throws: StorageError.self) { try pointer.move(LabelPointerTests.stable, to: version(1), at: 1, by: "") }
    }

    @Test(arguments: [
        "", "[]", #"{"stable": 0}"#, #"{"stable": "3"}"#, #"{"1": 3}"#, #"{"a/b": 3}"#, #"{"a": 1, "a": 2}"#,
        #"{"$history": {}}"#, #"{"$history": [1]}"#, #"{"$history": [{"label": "7", "time": 1}]}"#,
        #"{"$history": [{"label": "a", "time": -1}]}"#, #"{"$history": [{"label": "a", "to": 0, "time": 1}]}"#,
    ])
    func `what is wrong is refused with the place`(_ text: String) {
        do throws(StorageError) {
            _ = try LabelPointer.read(Array(text.utf8), of: LabelPointerTests.model)
            Issue.record("was read: \(text)")
        } catch {
            #expect(error.code == .damaged)
            #expect(error.message.contains("iris/apus-labels.json"))
        }
    }

    @Test(arguments: [
        ("[]", "it isn't readable as a JSON object"), (#"{"a": 1} x"#, "it isn't readable as a JSON object"),
        (#"{"12": 1}"#, "'12' can't be a label: \(VersionLabel.rule)"),
        (#"{"": 1}"#, "'' can't be a label: \(VersionLabel.rule)"),
        (#"{"a": 1.5}"#, "label 'a' has no version number, which is 1 or more"),
        (#"{"a": 99999999999999999999}"#, "label 'a' has no version number, which is 1 or more"),
        (#"{"a": 1, "a": 2}"#, "label 'a' comes twice"),
    ]) func `the reason is told`(_ text: String, _ reason: String) {
        let error = #expect(throws: StorageError.self) { try LabelPointer.read(Array(text.utf8), place: "m/labels") }
        #expect(error?.message == "m/labels: \(reason)")
    }

    @Test func `the history is none of the labels that are counted`() throws {
        let most = (0..<LabelPointer.maxLabels).map { "\"l\($0)\": 1" }.joined(separator: ",")
        #expect(try read("{\(most), \"$history\": []}").versions.count == LabelPointer.maxLabels)
        let error = #expect(throws: StorageError.self) { try read("{\(most), \"more\": 1}") }
        #expect(error?.message.contains("it has 1001 labels; at most 1000 are read") == true)
    }

    @Test func `what later ones add beside the labels is passed over`() throws {
        #expect(try read(#"{"stable": 3, "$rollout": {"x": 1}}"#).versions.count == 1)
    }
}
