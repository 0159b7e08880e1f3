package import ApusCore

/// Which inputs are filled up to which lengths, and who pays for it.
package struct PaddingRules: Sendable {
    /// One for each input that is filled up.
    package var entries: [LengthPadding] = []
    /// Where the memory is charged; `nil` when nobody counts.
    package var budget: ByteBudget?

    /// Fills nothing up.
    package init() {}

    /// Charges a request for a tensor of so many bytes.
    ///
    /// - Parameters:
    ///   - byteCount: What is about to be taken.
    ///   - taken: What has been taken before for the same purpose: the first bytes are free.
    ///   - charge: The request's.
    /// - Returns: `false` where it doesn't fit the budget.
    func pay(_ byteCount: Int, after taken: Int, charge: inout ByteCharge?) -> Bool {
        guard let budget, charge != nil || byteCount + taken > RequestMemory.freeBytes else { return true }
        if charge == nil {
            charge = ByteCharge(byteCount + taken, from: budget)
            return charge != nil
        }
        return charge?.grow(by: byteCount) ?? false
    }
}
