internal import ApusCore
internal import HeapModule

/// Who is to be woken up when: one moment for each target, the earliest that it was asked for.
///
/// Pure. A target that wants later moments as well asks for them when it has been woken up. So the table is as large as
/// there are targets, however often each changes its mind.
struct AlarmTable {
    private struct Standing {
        weak var target: (any WakeTarget)?
        let time: MonotonicTime
        let number: UInt64
    }

    /// One that was overtaken by an earlier one of its target has a number that nobody stands for.
    private struct Alarm: Comparable {
        let time: MonotonicTime
        let target: ObjectIdentifier
        let number: UInt64

        static func < (lhs: Alarm, rhs: Alarm) -> Bool { lhs.time < rhs.time }
        static func == (lhs: Alarm, rhs: Alarm) -> Bool { lhs.time == rhs.time }
    }

    /// What to do now.
    enum OnTime {
        /// Wake this one up, if it is still there, and ask again.
        case rings((any WakeTarget)?)
        /// Nothing before this moment.
        case waits(until: MonotonicTime)
        /// Nothing.
        case isEmpty
    }

    private var standing: [ObjectIdentifier: Standing] = [:]
    private var alarms = Heap<Alarm>()
    private var nextNumber: UInt64 = 0

    /// Alarms that are kept, those that were overtaken among them.
    var count: Int { alarms.count }

    /// A target wants to be woken up.
    ///
    /// - Returns: Whether nothing else comes before that.
    mutating func set(_ target: any WakeTarget, at moment: MonotonicTime) -> Bool {
        let id = ObjectIdentifier(target)
        // An object that is gone may have stood at this address.
        if let known = standing[id], known.target === target, known.time <= moment { return false }
        nextNumber &+= 1
        let isFirst = alarms.min.map { moment < $0.time } ?? true
        standing[id] = Standing(target: target, time: moment, number: nextNumber)
        alarms.insert(Alarm(time: moment, target: id, number: nextNumber))
        if alarms.count > 16 + 2 * standing.count { sweep() }
        return isFirst
    }

    /// Says whose moment has come.
    mutating func timePassed(now: MonotonicTime) -> OnTime {
        while let next = alarms.min {
            guard next.time <= now else { return .waits(until: next.time) }
            alarms.removeMin()
            guard let known = standing[next.target], known.number == next.number else { continue }
            standing[next.target] = nil
            return .rings(known.target)
        }
        return .isEmpty
    }

    private mutating func sweep() {
        let standing = standing
        alarms = Heap(alarms.unordered.filter { standing[$0.target]?.number == $0.number })
    }
}
