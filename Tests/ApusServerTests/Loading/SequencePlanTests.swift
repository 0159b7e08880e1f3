import ApusCore
import ApusEngine
import ApusProtocol
import ApusScheduling
import Testing

@testable import ApusServer

struct SequencePlanTests {
    private static let state =
        #"state { input_name: "s_in" output_name: "s_out" data_type: TYPE_FP32 dims: [ 2 ] "#

    private func plan(
        _ body: String,
        more: String = "max_batch_size: 4",
        instances: Int = 2,
        _ prepare: (Repository) -> Void = { _ in }
    ) throws -> SequencePlan? {
        let repository = Repository().addIdentity("m")
        prepare(repository)
        let folder = try #require(try repository.folder(of: "m"))
        return try SequencePlan(
            try ModelConfiguration.parse(text: "\(more) sequence_batching { \(body) }"),
            instances: instances,
            folder: folder,
            place: "m/config.pbtxt"
        )
    }

    private func refusal(_ body: String, _ prepare: (Repository) -> Void = { _ in }) -> String? {
        let error = #expect(throws: ModelError.self) { try plan(body, prepare) }
        return error?.message
    }

    @Test func `slots are what Triton has`() throws {
        #expect(try plan("")?.rules == SequenceRules(slots: 8, idle: 1_000_000_000))
        #expect(try plan("", more: "max_batch_size: 0")?.rules.slots == 2)
        let oldest = "max_sequence_idle_microseconds: 5 oldest { max_candidate_sequences: 3 }"
        #expect(try plan(oldest)?.rules == SequenceRules(slots: 6, idle: 5_000))
        #expect(refusal("oldest { }")?.contains("max_candidate_sequences is 0") == true)
    }

    @Test func `how long runs wait for other sequences is Triton's rule`() throws {
        func batching(_ body: String, _ size: Int = 8) throws -> BatchRules {
            let text = "max_batch_size: \(size) sequence_batching { \(body) }"
            return try SchedulingPlan(try ModelConfiguration.parse(text: text), place: "p").batching
        }
        // `direct` waits for a share of the slots, and for nothing when none is written.
        #expect(try batching("direct { max_queue_delay_microseconds: 7 }") == BatchRules())
        let direct = try batching("direct { max_queue_delay_microseconds: 7 minimum_slot_utilization: 0.3 }")
        #expect(direct.maxDelay == 7_000)
        #expect(direct.preferredSizes == [3])
        let oldest = try batching(
            "oldest { max_candidate_sequences: 4 preferred_batch_size: [ 4, 2 ] max_queue_delay_microseconds: 7 }"
        )
        #expect(oldest.maxDelay == 7_000)
        #expect(oldest.preferredSizes == [2, 4])
        // Nobody said that a run may hold several sequences.
        #expect(try !batching("", 0).isAllowed)
    }

    @Test func `sequences and many answers don't go together`() {
        let error = #expect(throws: ModelError.self) {
            try plan("", more: "model_transaction_policy { decoupled: true }")
        }
        #expect(error?.message.contains("decoupled don't go together") == true)
    }

    @Test func `controls have one element for each request`() throws {
        let body = """
            control_input { name: "S" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1.5 ] } }
            control_input { name: "R" control { kind: CONTROL_SEQUENCE_READY int32_false_true: [ 0, -1 ] } }
            control_input { name: "E" control { kind: CONTROL_SEQUENCE_END bool_false_true: [ false, true ] } }
            control_input { name: "C" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } }
            """
        let plan = try #require(try plan(body))
        #expect(plan.inputs.map(\.dataType) == [.fp32, .int32, .bool, .bytes])
        #expect(plan.inputs.allSatisfy { $0.shape == [-1, 1] })
        guard case .start(let no, let yes) = plan.layout.controls[0].meaning else { throw Failure() }
        #expect(no.shape.dimensions == [1, 1])
        #expect(Array(copying: yes) == [0, 0, 0xc0, 0x3f])
        guard case .ready(let ready) = plan.layout.controls[1].meaning else { throw Failure() }
        #expect(Array(copying: ready) == [255, 255, 255, 255])
        guard case .end(_, let end) = plan.layout.controls[2].meaning else { throw Failure() }
        #expect(Array(copying: end) == [1])
        let flat = try #require(try self.plan(body, more: "max_batch_size: 0"))
        #expect(flat.inputs.allSatisfy { $0.shape == [1] })
    }

    @Test func `controls that make no sense are refused`() {
        let start = "control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] }"
        #expect(refusal(#"control_input { name: "S" }"#)?.contains("has 0 controls; write one") == true)
        let twice = #"control_input { name: "S" \#(start) } control_input { name: "T" \#(start) }"#
        #expect(refusal(twice)?.contains("CONTROL_SEQUENCE_START is there twice") == true)
        let end = start.replacing("START", with: "END")
        let same = #"control_input { name: "S" \#(start) } control_input { name: "S" \#(end) }"#
        #expect(refusal(same)?.contains("the input 'S' is named twice") == true)
        #expect(refusal("control_input { \(start) }")?.contains("has no input name") == true)
    }

    @Test func `a state begins with zeros, or with what a file says`() throws {
        let zero = try #require(try plan(Self.state + "}"))
        #expect(zero.inputs.map(\.shape) == [[-1, 2]])
        #expect(zero.outputs.map(\.name) == ["s_out"])
        #expect(Array(copying: zero.layout.states[0].initial) == [UInt8](repeating: 0, count: 8))
        #expect(zero.layout.states[0].initial.shape.dimensions == [1, 2])
        let file = Self.state + #"initial_state { data_type: TYPE_FP32 dims: [ 2 ] data_file: "s" } }"#
        let plan = try plan(file) { $0.folder.write("m/initial_state/s", "abcdefgh") }
        #expect(try Array(copying: #require(plan).layout.states[0].initial) == Array("abcdefgh".utf8))
    }

    @Test func `a state of any size begins with the size that its initial value has, else with one`() throws {
        let any = Self.state.replacing("[ 2 ]", with: "[ -1 ]")
        #expect(try plan(any + "}")?.layout.states[0].initial.shape.dimensions == [1, 1])
        let three = any + "initial_state { data_type: TYPE_FP32 dims: [ 3 ] zero_data: true } }"
        #expect(try plan(three)?.layout.states[0].initial.shape.dimensions == [1, 3])
    }

    @Test func `strings begin empty, and come from files behind their lengths`() throws {
        let text = Self.state.replacing("FP32", with: "STRING")
        #expect(try plan(text + "}")?.layout.states[0].initial.storage.byteCount == 8)
        let file = text + #"initial_state { data_type: TYPE_STRING dims: [ 2 ] data_file: "s" } }"#
        #expect(try plan(file) { $0.folder.write("m/initial_state/s", "\u{1}\0\0\0a\0\0\0\0") } != nil)
        let broken = refusal(file) { $0.folder.write("m/initial_state/s", "\u{1}\0\0\0a") }
        #expect(broken?.contains("expected 2 strings") == true)
    }

    @Test func `initial states that don't fit are refused`() {
        let state = Self.state
        let cases = [
            ("initial_state { data_type: TYPE_FP64 dims: [ 2 ] zero_data: true } }", "but its initial_state TYPE_FP64"),
            ("initial_state { data_type: TYPE_FP32 dims: [ 3 ] zero_data: true } }", "but its initial_state [3]"),
            (
                "initial_state { data_type: TYPE_FP32 dims: [ 2 ] } initial_state { data_type: TYPE_FP32 dims: [ 2 ] } }",
                "at most 1 is allowed"
            ),
            (#"initial_state { data_type: TYPE_FP32 dims: [ 2 ] data_file: "none" } }"#, "initial_state/none"),
            (#"initial_state { data_type: TYPE_FP32 dims: [ 2 ] data_file: "../config.pbtxt" } }"#, "is no file"),
        ]
        for (text, words) in cases { #expect(refusal(state + text)?.contains(words) == true, "\(text)") }
        let short = refusal(state + #"initial_state { data_type: TYPE_FP32 dims: [ 2 ] data_file: "s" } }"#) {
            $0.folder.write("m/initial_state/s", "abc")
        }
        #expect(short?.contains("has 3 bytes; expected 8") == true)
        let huge = refusal(state.replacing("[ 2 ]", with: "[ 4611686018427387904 ]") + "}")
        #expect(huge?.contains("no more than 268435456 bytes") == true)
    }

    @Test func `a model must have what the configuration names, in its type and shape`() throws {
        let plan = try #require(try plan(Self.state + "}"))
        func signature(_ state: TensorSpecification) -> ModelSignature {
            ModelSignature(
                inputs: [TensorSpecification(name: "x", dataType: .fp32, shape: [-1]), state],
                outputs: [
                    TensorSpecification(name: "y", dataType: .fp32, shape: [-1]),
                    TensorSpecification(name: "s_out", dataType: .fp32, shape: [-1, 2]),
                ]
            )
        }
        let fitting = TensorSpecification(name: "s_in", dataType: .fp32, shape: [-1, 2])
        let agreement = try SequenceAgreement(plan, signature: signature(fitting), written: [], place: "p")
        #expect(agreement.visible.inputs.map(\.name) == ["x"])
        #expect(agreement.visible.outputs.map(\.name) == ["y"])
        let shown = try SequenceAgreement(plan, signature: signature(fitting), written: ["s_out"], place: "p")
        #expect(shown.visible.outputs.map(\.name) == ["y", "s_out"])
        for (wrong, words) in [
            (TensorSpecification(name: "other", dataType: .fp32, shape: [-1, 2]), "does not have it; it has x, other"),
            (TensorSpecification(name: "s_in", dataType: .fp64, shape: [-1, 2]), "in the model it is FP64"),
            (TensorSpecification(name: "s_in", dataType: .fp32, shape: [-1, 3]), "in the model it has [-1, 3]"),
        ] {
            let error = #expect(throws: ModelError.self) {
                try SequenceAgreement(plan, signature: signature(wrong), written: [], place: "p")
            }
            #expect(error?.message.contains(words) == true)
        }
    }
}

private struct Failure: Error {}

extension [UInt8] {
    /// A tensor's bytes.
    fileprivate init(copying tensor: Tensor) {
        let span = tensor.storage.bytes
        self = (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
}
