/// A small generator of random numbers that gives the same ones for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    /// Starts from a new seed and prints it, so that a failure can be repeated.
    static func seeded(_ name: String) -> SplitMix {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("\(name): seed \(seed)")
        return SplitMix(state: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
