internal import ApusCore

/// What the requests of one connection hold of the byte budget, charged in blocks: small requests, of which one
/// connection carries many at once, would otherwise pay two atomic operations each.
struct BlockCharge: ~Copyable {
    /// Bytes that a connection holds without a charge, as a single request may.
    private static let freeBytes = RequestMemory.freeBytes
    private static let block = 64 << 10

    private let budget: ByteBudget
    /// Bytes in hand.
    private(set) var held = 0
    private var charged = 0

    /// Starts with nothing.
    init(budget: ByteBudget) {
        self.budget = budget
    }

    /// Takes bytes; `false`, and nothing taken, when they don't fit the budget.
    mutating func take(_ count: Int) -> Bool {
        let short = held + count - charged - BlockCharge.freeBytes
        if short > 0 {
            let more = (short + BlockCharge.block - 1) / BlockCharge.block * BlockCharge.block
            if budget.charge(more) {
                charged += more
            } else if budget.charge(short) {
                charged += short
            } else {
                return false
            }
        }
        held += count
        return true
    }

    /// Gives bytes back.
    mutating func giveBack(_ count: Int) {
        held -= count
        let spare = held <= BlockCharge.freeBytes ? charged : charged - held
        guard spare >= 2 * BlockCharge.block || held == 0, spare > 0 else { return }
        budget.release(spare)
        charged -= spare
    }

    deinit {
        if charged > 0 { budget.release(charged) }
    }
}
