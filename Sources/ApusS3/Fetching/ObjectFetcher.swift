internal import ApusStorage
internal import Synchronization

/// Brings one object into a file: several ranges at a time, or one stream where the object is small or the server ignores
/// ranges.
struct ObjectFetcher: Sendable {
    /// One attempt at a request: who takes its body, and which bytes are asked for; `nil` for all.
    typealias Attempt = (sink: any BodySink, range: Range<Int>?)
    /// Sends a request until its body has come whole, made anew for each attempt; patience begins anew when `progress`,
    /// the number of bytes that have come, grows.
    typealias Ask =
        @Sendable (
            _ progress: () -> Int,
            _ make: () -> Attempt
        ) throws(StorageError) -> Void

    let expectation: RangeSink.Expectation
    let pieceBytes: Int
    let parallelPieces: Int
    let threads: HelperThreads
    let ask: Ask

    /// Fetches what is missing.
    ///
    /// - Parameters:
    ///   - file: Where the bytes go.
    ///   - progress: What is there already, and who is told.
    ///   - ignoresRanges: Whether the server is known to send everything whatever is asked for.
    /// - Returns: Whether it does.
    /// - Throws: What a request ended with.
    func run(
        into file: any WritableFile,
        _ progress: FetchProgress,
        ignoresRanges: Bool
    ) throws(StorageError) -> Bool {
        let size = expectation.object.byteCount
        let offset = min(max(0, progress.resumeOffset), size)
        guard offset < size || size == 0 else { return ignoresRanges }
        if ignoresRanges || (offset == 0 && size <= pieceBytes) {
            try stream(into: file, progress)
            return ignoresRanges
        }
        let ignored = Flag()
        do throws(StorageError) {
            try fetchRanges(from: offset, into: file, progress, ignored)
            return false
        } catch {
            guard ignored.isSet else { throw error }
            try stream(into: file, progress)
            return true
        }
    }

    private func fetchRanges(
        from offset: Int,
        into file: any WritableFile,
        _ progress: FetchProgress,
        _ ignored: Flag
    ) throws(StorageError) {
        let size = expectation.object.byteCount
        let plan = RangePlan(byteCount: size, offset: offset, pieceBytes: pieceBytes)
        let crew = FetchCrew(plan: plan, reached: progress.reached)
        let pieces = (size - offset + pieceBytes - 1) / pieceBytes
        try crew.run(helpers: min(parallelPieces, pieces) - 1, from: threads) { piece throws(StorageError) in
            let sink = RangeSink(expectation, file: file, piece: piece, ignored: ignored) { crew.wrote($0, of: piece) }
            try ask({ sink.next }, { (sink, sink.next..<piece.end) })
        }
    }

    private func stream(into file: any WritableFile, _ progress: FetchProgress) throws(StorageError) {
        let best = HighWater(progress.resumeOffset, progress.reached)
        try ask({ best.value }, { (StreamSink(expectation, file: file) { best.rise(to: $0) }, nil) })
    }
}

/// Something that becomes true once.
final class Flag: Sendable {
    private let state = Atomic(false)

    /// Whether it has.
    var isSet: Bool { state.load(ordering: .acquiring) }

    /// Makes it true.
    func set() {
        state.store(true, ordering: .releasing)
    }
}
