/// The requests that took longest, with their phases; a bounded number.
///
/// A request that isn't slower than the quickest one kept costs one comparison.
package struct SlowestRequests: Sendable {
    /// How many are kept.
    package static let capacity = 10
    /// The most bytes of an id that are kept: ids are what callers send.
    package static let maxIDBytes = 128

    /// One request.
    package struct Entry: Sendable {
        /// The caller's name for it, cut off; empty when none was sent.
        package let id: String
        /// When it was answered, in milliseconds since 1970.
        package let time: Int64
        /// When it passed which station.
        package let timings: RequestTimings

        /// From its first byte until its outputs stood ready, in nanoseconds.
        package var nanoseconds: UInt64 { timings.computeEnded.nanoseconds(since: timings.received) }
    }

    private var kept: [Entry] = []
    /// What a request has to take longer than; 0 while there is room.
    private var floor: UInt64 = 0

    /// Starts with none.
    package init() {}

    /// The slowest, slowest first.
    package var entries: [Entry] { kept.sorted { $0.nanoseconds > $1.nanoseconds } }

    /// Keeps a request if it is one of the slowest.
    ///
    /// - Parameters:
    ///   - nanoseconds: What it took, as its timings have it.
    ///   - id: The caller's name for it.
    ///   - time: When it was answered, in milliseconds since 1970.
    ///   - timings: Its way.
    @inline(__always)
    package mutating func offer(nanoseconds: UInt64, id: String, time: Int64, timings: RequestTimings) {
        guard nanoseconds > floor else { return }
        keep(Entry(id: SlowestRequests.bounded(id), time: time, timings: timings))
    }

    /// Keeps the slowest of these and those that somebody else kept.
    package mutating func add(_ other: SlowestRequests) {
        for entry in other.kept where entry.nanoseconds > floor { keep(entry) }
    }

    private mutating func keep(_ entry: Entry) {
        if kept.count < SlowestRequests.capacity {
            kept.append(entry)
        } else if let quickest = kept.indices.min(by: { kept[$0].nanoseconds < kept[$1].nanoseconds }) {
            kept[quickest] = entry
        }
        guard kept.count == SlowestRequests.capacity else { return }
        floor = kept.reduce(.max) { min($0, $1.nanoseconds) }
    }

    private static func bounded(_ id: String) -> String {
        guard id.utf8.count > maxIDBytes else { return id }
        return String(decoding: id.utf8.prefix(maxIDBytes), as: UTF8.self)
    }
}
