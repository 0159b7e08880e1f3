internal import ApusEngine

/// Decides whether a model's runs spread over the engine's shared threads or stay on the thread that calls.
///
/// Pure: told what runs take. A model starts with the shared threads, which a long run gains from and a tiny one doesn't
/// use. A run in between is tried both ways at its first use: dividing work costs processor time whether or not a core is
/// free, so a short run stays on its thread even where it would be over sooner alone, and a long one leaves it only for a
/// clear gain. When runs become longer or shorter than what was chosen for, both are tried again, less and less often.
struct ThreadChoice: Sendable {
    private enum Reason: Sendable {
        case nothingTried
        case tried(caller: UInt64, shared: UInt64)
        case failed(String)
    }

    /// Runs up to this long stay on their thread, in nanoseconds.
    static let shortRun: UInt64 = 1_000_000
    /// Runs below this are too small for an engine to divide, in nanoseconds.
    static let tinyRun: UInt64 = 20_000
    /// How much sooner a run must be over with shared threads.
    static let neededGain = 1.3
    /// Runs that the first judgement rests on.
    static let neededRuns = 8
    /// Runs after a trial before the next one; grows sixteenfold.
    static let firstPause = 4096
    private static let longestPause = 1 << 30

    /// What runs use now.
    private(set) var use = ThreadUse.shared
    private let isOpen: Bool
    private var reason = Reason.nothingTried
    /// What the last runs took, in nanoseconds; zero for none yet.
    private var last = InlineArray<8, UInt64>(repeating: 0)
    private var next = 0
    private var runsUntilTrial = ThreadChoice.neededRuns
    private var pause = ThreadChoice.firstPause
    private var isTrying = false

    /// Starts with shared threads.
    ///
    /// - Parameter isOpen: Whether there is a choice at all.
    init(isOpen: Bool) {
        self.isOpen = isOpen
    }

    /// One sentence for the statistics; empty where there is no choice.
    var note: String {
        guard isOpen else { return "" }
        let choice = use == .shared ? "the engine's shared threads" : "one thread a run"
        switch reason {
        case .nothingTried where typical == 0:
            return "\(choice): nothing has run yet that would say whether one thread does as well"
        case .nothingTried where isWorthATrial:
            return "\(choice): both ways are tried once there have been more runs on engine threads"
        case .nothingTried:
            return "\(choice): a run takes \(Self.text(typical)); only runs from \(Self.text(Double(Self.tinyRun))) to "
                + "\(Self.text(Double(Self.shortRun))) are tried on one"
        case .tried(let caller, let shared):
            let isShort = use == .caller && caller <= Self.shortRun
            return "\(choice): one took \(Self.text(Double(caller))) on one thread, \(Self.text(Double(shared))) on all"
                + (isShort ? "; so short a run gains less than dividing it costs under load" : "")
        case .failed(let message):
            return "\(choice): a trial of the other way failed: \(message)"
        }
    }

    /// A run on an engine thread was answered.
    ///
    /// - Parameter nanoseconds: How long it took by the clock.
    mutating func ran(nanoseconds: UInt64) {
        guard isOpen else { return }
        last[next] = max(1, nanoseconds)
        next = (next + 1) % last.count
        runsUntilTrial = max(0, runsUntilTrial - 1)
    }

    /// Begins a trial, if runs are such that the other way may be better.
    ///
    /// - Returns: What to try; `nil` for nothing. Whoever is told so says `tried` or `failed` afterwards.
    mutating func beginTrial() -> ThreadUse? {
        guard isOpen, !isTrying, runsUntilTrial == 0 else { return nil }
        switch use {
        case .shared:
            guard isWorthATrial else { return nil }
            isTrying = true
            return .caller
        case .caller:
            guard typical > 2 * Double(Self.shortRun) else { return nil }
            isTrying = true
            return .shared
        }
    }

    /// A request was run both ways, and runs use what is better from now on.
    ///
    /// - Parameters:
    ///   - caller: How long a run took on its thread alone, in nanoseconds.
    ///   - shared: How long with the shared threads, in nanoseconds.
    mutating func tried(caller: UInt64, shared: UInt64) {
        use = Self.better(caller: caller, shared: shared)
        reason = .tried(caller: caller, shared: shared)
        endTrial()
    }

    /// What is better for a run that takes so long on its thread alone, and so long with the shared threads.
    static func better(caller: UInt64, shared: UInt64) -> ThreadUse {
        let gain = Double(caller) / Double(max(1, shared))
        return caller <= shortRun || gain < neededGain ? .caller : .shared
    }

    /// A trial came to nothing.
    mutating func failed(because message: String) {
        reason = .failed(message)
        endTrial()
    }

    /// Whether runs are such that one thread may be better than all.
    private var isWorthATrial: Bool {
        use == .shared && (Double(Self.tinyRun)...Double(Self.shortRun)).contains(typical)
    }

    /// The median of the last runs: now and then the system runs somebody else in the middle of one.
    private var typical: Double {
        var sorted = last
        for end in 1..<sorted.count {
            var place = end
            while place > 0, sorted[place] < sorted[place - 1] {
                sorted.swapAt(place, place - 1)
                place -= 1
            }
        }
        let empty = sorted.indices.count { sorted[$0] == 0 }
        return empty == sorted.count ? 0 : Double(sorted[(empty + sorted.count - 1) / 2])
    }

    private mutating func endTrial() {
        isTrying = false
        last = InlineArray(repeating: 0)
        runsUntilTrial = pause
        pause = min(pause * 16, Self.longestPause)
    }

    private static func text(_ nanoseconds: Double) -> String {
        nanoseconds < 10_000_000 ? "\(Int(nanoseconds / 1_000)) µs" : "\(Int(nanoseconds / 1_000_000)) ms"
    }
}
