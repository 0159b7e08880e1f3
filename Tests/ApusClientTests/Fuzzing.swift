import ApusClient

/// Runs a piece of work on many damaged copies of good data; a trap ends the test run, after the seed was printed.
func fuzz(_ name: String, _ samples: [[UInt8]], rounds: Int = 20_000, _ work: ([UInt8]) -> Void) {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("fuzzing \(name) with seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<rounds {
        var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
        for _ in 0...Int.random(in: 0...4, using: &random) { damage(&bytes, using: &random) }
        work(bytes)
    }
}

/// Changes, adds, removes, repeats or cuts something.
private func damage(_ bytes: inout [UInt8], using random: inout SplitMix64) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 1 where place < bytes.count: bytes.remove(at: place)
    case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.insert(contentsOf: Array("9999999999".utf8), at: place)
    default: bytes.insert(contentsOf: bytes.prefix(place), at: place)
    }
}
