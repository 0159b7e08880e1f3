/// Which pieces of an object are still to be fetched, who fetches which, and how far the file is without gaps.
///
/// A value without a clock or a lock; bytes of one piece come in order.
package struct RangePlan: Sendable {
    /// A piece that somebody has taken: from `start` up to, not including, `end`.
    package struct Piece: Hashable, Sendable {
        /// Its first byte.
        package let start: Int
        /// The byte after its last one.
        package let end: Int
    }

    private let byteCount: Int
    private let pieceBytes: Int
    private var nextStart: Int
    /// Pieces that somebody has taken and that aren't written whole: how far each is, by its beginning.
    private var open: [Int: (end: Int, written: Int)] = [:]
    /// How far it is without gaps, in bytes from the object's beginning.
    package private(set) var reached: Int
    private var isStopped = false

    /// Plans to fetch what is missing of `byteCount` bytes when the first `offset` are there.
    package init(byteCount: Int, offset: Int, pieceBytes: Int) {
        self.byteCount = byteCount
        self.pieceBytes = max(1, pieceBytes)
        self.nextStart = min(max(0, offset), byteCount)
        self.reached = nextStart
    }

    /// Whether every byte is there.
    package var isComplete: Bool { reached == byteCount }

    /// The next piece for somebody; `nil` when all have been taken or it was stopped.
    package mutating func take() -> Piece? {
        guard !isStopped, nextStart < byteCount else { return nil }
        let piece = Piece(start: nextStart, end: min(byteCount, nextStart + pieceBytes))
        open[piece.start] = (piece.end, piece.start)
        nextStart = piece.end
        return piece
    }

    /// Further bytes of a piece are in the file; gives how far it is without gaps when that has grown.
    package mutating func wrote(_ count: Int, of piece: Piece) -> Int? {
        guard let (end, written) = open[piece.start] else { return nil }
        open[piece.start] = (end, min(end, written + count))
        let before = reached
        while let (end, written) = open.first(where: { $0.key <= reached && reached < $0.value.end })?.value {
            guard written > reached else { break }
            reached = written
            if written < end { break }
        }
        open = open.filter { $0.value.written < $0.value.end || $0.value.end > reached }
        return reached > before ? reached : nil
    }

    /// Nobody gets a further piece.
    package mutating func stop() {
        isStopped = true
    }
}
