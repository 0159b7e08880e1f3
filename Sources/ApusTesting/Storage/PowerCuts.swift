internal import ApusStorage

/// Runs an operation with the power cut at its first, second, … last call of the file system, and has each disk that may be
/// found afterwards looked at; in the end without a cut, too.
///
/// The operation must make the same calls each time. It announces what a caller may rely on; the check fails when that is
/// gone, or when something half is visible. With `ignoresSyncs` the same check must fail, or it has no teeth.
package struct PowerCuts: Sendable {
    /// What was wrong, and how to see it again.
    package struct Failure: Error, CustomStringConvertible {
        /// All of that.
        package let description: String
    }

    /// How many disks are looked at for each cut.
    package var seedCount: UInt64
    /// The first seed; others follow.
    package var firstSeed: UInt64
    /// Whether syncs do nothing.
    package var ignoresSyncs: Bool
    /// Whether the operation can be done again from whatever it left: then it is, after a kill at each call, and the power
    /// is cut at the end of that.
    package var isRepeatable = false
    /// The most cuts: an operation that doesn't end is an error.
    package var maxCuts = 20_000

    /// Chooses how much is looked at.
    package init(seedCount: UInt64 = 6, firstSeed: UInt64 = 1, ignoresSyncs: Bool = false) {
        self.seedCount = seedCount
        self.firstSeed = firstSeed
        self.ignoresSyncs = ignoresSyncs
    }

    /// Tries every cut.
    ///
    /// - Parameters:
    ///   - prepare: Brings a disk into the state before the operation; it is made durable.
    ///   - operate: The operation; tells its second argument what is certain from then on. May throw once the power is off.
    ///   - verify: Looks at a disk as it was found, knowing what had been announced; throws when that isn't right. Its disk
    ///     works and can be changed.
    /// - Returns: How many cuts there were.
    /// - Throws: `Failure` with the operation's number and the seed.
    @discardableResult
    package func check<Announcement>(
        prepare: (SimulatedDisk) throws -> Void = { _ in },
        operate: (SimulatedDisk, (Announcement) -> Void) throws -> Void,
        verify: (SimulatedDisk, [Announcement]) throws -> Void
    ) throws -> Int {
        for cut in 1...maxCuts {
            let disk = SimulatedDisk(ignoresSyncs: ignoresSyncs)
            try prepare(disk)
            disk.settle()
            disk.cut(at: cut)
            var announced: [Announcement] = []
            do {
                try operate(disk) { announced.append($0) }
            } catch {
                guard disk.isOff else { throw Failure(description: "the operation failed with the power on: \(error)") }
            }
            let isLast = !disk.isOff
            try look("cut at operation \(cut), killed only") { try verify(disk.afterKill(), announced) }
            for seed in firstSeed..<firstSeed + seedCount {
                try look("cut at operation \(cut), seed \(seed)") {
                    try verify(disk.afterPowerCut(seed: seed), announced)
                }
            }
            if isRepeatable { try repeatOperation(disk.afterKill(), cut, operate, verify) }
            if isLast { return cut }
        }
        throw Failure(description: "the operation makes more than \(maxCuts) calls")
    }

    private func repeatOperation<Announcement>(
        _ disk: SimulatedDisk,
        _ cut: Int,
        _ operate: (SimulatedDisk, (Announcement) -> Void) throws -> Void,
        _ verify: (SimulatedDisk, [Announcement]) throws -> Void
    ) throws {
        var announced: [Announcement] = []
        try look("killed at operation \(cut) and done again") { try operate(disk) { announced.append($0) } }
        for seed in firstSeed..<firstSeed + seedCount {
            try look("killed at operation \(cut) and done again, then cut, seed \(seed)") {
                try verify(disk.afterPowerCut(seed: seed), announced)
            }
        }
    }

    private func look(_ place: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw Failure(description: "\(place): \(error)")
        }
    }
}
