internal import ApusCore

/// Which instances of a model are lost, and when to make new ones.
///
/// Pure. A lost instance is made anew at once; when that fails, or the new one is lost before it has run anything, the
/// next try waits, twice as long each time. A model that has none left keeps trying.
struct InstanceRepair: Sendable {
    /// How long the second try waits, in nanoseconds; doubles.
    static let firstPause: Int64 = 100_000_000
    /// How long a try waits at most, in nanoseconds.
    static let longestPause: Int64 = 30_000_000_000

    private struct Loss: Sendable {
        var dueAt: MonotonicTime
        var isBeingMade = false
    }

    private let instances: Int
    private var losses: [Int: Loss] = [:]
    /// Tries of instances that have not run anything since.
    private var tries: [Int: Int] = [:]

    /// All are well.
    init(instances: Int) {
        self.instances = instances
    }

    /// How many can run something.
    var alive: Int { instances - losses.count }

    /// Whether all are well, without a look at the time.
    var isWell: Bool { losses.isEmpty && tries.isEmpty }

    /// Whether none is left, and the last try to make one has failed.
    private(set) var isHopeless = false

    /// An instance is lost.
    mutating func lost(_ instance: Int, now: MonotonicTime) {
        losses[instance] = Loss(dueAt: now.advanced(byNanoseconds: pause(of: instance)))
    }

    /// The lost instance that should be made now: whoever asks makes it, and says what came of it.
    mutating func takeDue(now: MonotonicTime) -> Int? {
        guard let instance = losses.filter({ !$0.value.isBeingMade && $0.value.dueAt <= now }).keys.min() else {
            return nil
        }
        losses[instance]?.isBeingMade = true
        tries[instance, default: 0] += 1
        return instance
    }

    /// When `takeDue` has something next; `nil` when nothing waits to be made.
    var nextMoment: MonotonicTime? {
        losses.values.lazy.filter { !$0.isBeingMade }.map(\.dueAt).min()
    }

    /// An instance has been made anew.
    mutating func made(_ instance: Int) {
        losses[instance] = nil
        isHopeless = false
    }

    /// An instance could not be made.
    mutating func failed(_ instance: Int, now: MonotonicTime) {
        losses[instance] = Loss(dueAt: now.advanced(byNanoseconds: pause(of: instance)))
        isHopeless = alive == 0
    }

    /// An instance has run something and is still there.
    mutating func ran(_ instance: Int) {
        tries[instance] = nil
    }

    private func pause(of instance: Int) -> Int64 {
        guard let tries = tries[instance], tries > 0 else { return 0 }
        return min(InstanceRepair.firstPause << min(tries - 1, 16), InstanceRepair.longestPause)
    }
}
