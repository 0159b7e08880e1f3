/// Bars drawn with eighths of a block.
package enum BlockBar {
    /// The longest bar, in characters.
    static let width = 40

    /// A bar for a value among others of which the largest has the longest bar; none for what is no positive number.
    ///
    /// - Parameters:
    ///   - value: What the bar shows.
    ///   - largest: What the longest one shows.
    ///   - width: The longest bar, in characters.
    /// - Returns: At most `width` characters.
    package static func text(_ value: Double, of largest: Double, width: Int = BlockBar.width) -> String {
        guard value > 0, largest > 0, value.isFinite, largest.isFinite else { return "" }
        let eighths = Int((min(1, value / largest) * Double(width * 8)).rounded(.up))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }
}
