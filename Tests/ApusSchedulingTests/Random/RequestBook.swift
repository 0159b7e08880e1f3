import ApusCore
import ApusEngine
import ApusTesting

@testable import ApusScheduling

/// What random requests to a scheduler are owed, and whether they get it: each one end, each answer as if it had run alone.
///
/// Pure bookkeeping: it doesn't call the scheduler. Elements say whose they are, so that a mixed-up row shows.
struct RequestBook: Sendable {
    /// What a request is.
    enum Kind: Sendable {
        /// It has an answer.
        case good
        /// Every run that it is part of fails.
        case poison
        /// Every instance that runs it is lost.
        case deadly
        /// Its shape is none that the model takes.
        case unfit
    }

    /// A request that has not ended.
    struct Asked: Sendable {
        let kind: Kind
        let rows: Int
        let columns: Int
        let outputs: [String]
        let deadline: MonotonicTime?
        /// When its priority's policy refuses it, unless a run has taken it.
        let timeout: MonotonicTime?
        var handle: CancellationHandle?
        var isCancelled = false
        var isAnswered = false
        /// Whether a run has taken some of it.
        var hasRun = false
        /// Whether its rows say whose they are, so that `hasRun` and `deaths` are known.
        var isKnown: Bool { kind == .good && rows > 0 }
        /// Instances that were lost while they ran it.
        var deaths = 0
    }

    /// Marks a row that makes a run fail.
    static let poison: Float = -1
    /// Marks a row that is the end of an instance.
    static let deadly: Float = -2

    let setting: SchedulerSetting
    private(set) var open: [Int: Asked] = [:]
    private(set) var next = 0
    private(set) var successes = 0
    private(set) var failures = 0
    /// Ends by what they were, to see that the test comes to all of them.
    private(set) var ends: [String: Int] = [:]
    private var lastInOrder = -1
    private(set) var fault: String?

    init(_ setting: SchedulerSetting) {
        self.setting = setting
    }

    /// Notes a request that is about to be sent.
    mutating func ask(_ asked: Asked) -> Int {
        defer { next += 1 }
        open[next] = asked
        return next
    }

    mutating func note(_ number: Int, handle: CancellationHandle) {
        open[number]?.handle = handle
    }

    mutating func cancel(_ number: Int) -> CancellationHandle? {
        guard let handle = open[number]?.handle else { return nil }
        open[number]?.isCancelled = true
        return handle
    }

    /// A run has begun with these inputs.
    mutating func runBegan(_ input: Tensor) {
        let rows = input.shape.dimensions[0]
        if let maxRows = setting.batching.maxRows, rows > maxRows { fail("\(rows) rows in one run") }
        for number in numbers(in: input) { open[number]?.hasRun = true }
    }

    /// An instance was lost with these inputs.
    mutating func instanceLost(_ input: Tensor) {
        for number in numbers(in: input) { open[number]?.deaths += 1 }
    }

    mutating func fail(_ text: String) {
        fault = fault ?? text
    }

    private func numbers(in input: Tensor) -> Set<Int> {
        let columns = input.shape.dimensions[1]
        let elements = input.floats
        return Set(stride(from: 0, to: elements.count, by: columns).map { Int(elements[$0]) / 64 })
    }
}

extension RequestBook {
    /// The elements of a request: whose they are, or what they do.
    static func elements(_ number: Int, _ asked: Asked, bad row: Int) -> [Float] {
        // All deadly ones of a shape are the same, so that they are known again.
        guard asked.kind != .deadly else { return [Float](repeating: deadly, count: asked.rows * asked.columns) }
        var elements: [Float] = []
        for index in 0..<asked.rows {
            for column in 0..<asked.columns { elements.append(Float(number * 64 + index + column << 20)) }
        }
        // Not the first column, by which rows are known, where there is another.
        if asked.kind == .poison { elements[row * asked.columns + asked.columns - 1] = poison }
        return elements
    }

    /// What the model makes of its input: twice each element, and each row's sum.
    static func compute(_ input: Tensor, outputs: [Int]) -> [Tensor] {
        let dimensions = input.shape.dimensions
        let elements = input.floats
        return outputs.map { output in
            guard output == 1 else { return Tensor(dimensions, floats: elements.map { $0 * 2 }) }
            let rows = stride(from: 0, to: elements.count, by: max(1, dimensions[1]))
            let sums = rows.map { row in elements[row..<row + dimensions[1]].reduce(0, +) }
            return Tensor([dimensions[0], 1], floats: sums)
        }
    }

    /// An answer has come.
    mutating func received(_ number: Int, outputs: [NamedTensor]) {
        guard let asked = open[number] else { return fail("an answer to \(number) came after its end") }
        if asked.isAnswered { fail("two answers to \(number)") }
        if asked.kind != .good { fail("\(number), \(asked.kind), was answered") }
        open[number]?.isAnswered = true
        let input = Tensor([asked.rows, asked.columns], floats: RequestBook.elements(number, asked, bad: 0))
        let places = asked.outputs.map { $0 == "x" ? 0 : 1 }
        let expected = RequestBook.compute(input, outputs: places)
        if outputs.map(\.name) != asked.outputs { fail("\(number) asked for \(asked.outputs)") }
        for (output, alone) in zip(outputs, expected) {
            if output.tensor.shape != alone.shape || output.tensor.floats != alone.floats {
                fail("\(number) was answered \(output.tensor.floats), alone it is \(alone.floats)")
            }
        }
        if setting.batching.preservesOrdering {
            if number < lastInOrder { fail("\(number) was answered after \(lastInOrder)") }
            lastInOrder = number
        }
    }

    /// The end has come.
    mutating func finished(_ number: Int, _ end: AnswerEnd, now: MonotonicTime) {
        guard let asked = open.removeValue(forKey: number) else { return fail("\(number) ended twice") }
        switch end {
        case .success:
            successes += 1
            ends["answered", default: 0] += 1
            if !asked.isAnswered { fail("\(number) ended well without an answer") }
        case .failure(let error):
            failures += 1
            if asked.isAnswered { fail("\(number) was answered and failed") }
            guard let reason = reason(asked, error, now: now) else {
                return fail("\(number), \(asked), ended at \(now) with \(error.code): \(error.message)")
            }
            ends[reason, default: 0] += 1
        }
    }

    /// The reason that a failure may have; `nil` when it must not be.
    private func reason(_ asked: Asked, _ error: InferenceError, now: MonotonicTime) -> String? {
        func says(_ words: String) -> Bool { error.message.contains(words) }
        switch error.code {
        case .cancelled: return asked.isCancelled ? "cancelled" : nil
        case .invalidArgument: return asked.kind == .unfit ? "unfit" : nil
        case .engineFailure where says("a poisoned row"): return asked.kind == .poison ? "poison" : nil
        case .engineFailure where says("so it is refused"):
            // Of some kinds many are the same.
            return asked.isKnown ? nil : "quarantine"
        case .engineFailure where says("instances of the model were lost"):
            // Marked rows don't say whose they are.
            return !asked.isKnown || asked.deaths > 1 ? "deadly" : nil
        case .unavailable where says("Exceeds maximum queue size"): return setting.hasMaxSize ? "full" : nil
        case .unavailable where says("all instances of the model are lost"): return setting.failsToMake ? "gone" : nil
        case .unavailable where says("its answer would take about"): return asked.deadline != nil ? "too late" : nil
        case .unavailable where says("Request timeout expired"):
            if let deadline = asked.deadline, deadline <= now { return "deadline" }
            return asked.timeout.map { $0 <= now } == true ? "timeout" : nil
        default: return nil
        }
    }
}
