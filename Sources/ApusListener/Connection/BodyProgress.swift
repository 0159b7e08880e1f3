internal import ApusCore

/// What has come of a body, and when.
struct BodyProgress {
    /// The last read.
    private(set) var last: MonotonicTime
    /// When it last had grown by a twelfth.
    private(set) var grown: MonotonicTime
    private var byteCount = 0
    private var byteCountWhenGrown = 0

    /// Starts with nothing.
    init(now: MonotonicTime) {
        last = now
        grown = now
    }

    /// So many bytes have come.
    mutating func add(_ count: Int, now: MonotonicTime) {
        last = now
        byteCount += count
        guard byteCount - byteCountWhenGrown >= max(1, byteCountWhenGrown / 12) else { return }
        grown = now
        byteCountWhenGrown = byteCount
    }
}
