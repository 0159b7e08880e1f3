/// The machine and our process at one moment; `nil` for what couldn't be read.
package struct SystemReading: Sendable {
    /// Our process, in the metrics' units.
    package struct Process: Hashable, Sendable {
        /// Memory resident.
        package let residentBytes: UInt64
        /// Processor time used.
        package let cpuNanoseconds: UInt64
        /// When it started, since 1970.
        package let startNanoseconds: UInt64

        /// Converts from the kernel's units.
        package init(_ status: ProcessStatus, units: Units, bootSeconds: UInt64) {
            let tick = 1_000_000_000 / max(1, units.ticksPerSecond)
            residentBytes = status.residentPages &* units.pageBytes
            cpuNanoseconds = status.cpuTicks &* tick
            startNanoseconds = bootSeconds &* 1_000_000_000 &+ status.startTicks &* tick
        }
    }

    /// The kernel's units.
    package struct Units: Hashable, Sendable {
        /// Clock ticks in a second, mostly 100.
        package let ticksPerSecond: UInt64
        /// Bytes in a page, mostly 4096.
        package let pageBytes: UInt64

        /// States the units.
        package init(ticksPerSecond: UInt64, pageBytes: UInt64) {
            self.ticksPerSecond = ticksPerSecond
            self.pageBytes = pageBytes
        }
    }

    /// The share of processor time in use, 0 to 1.
    package var cpuUtilization: Double?
    /// The machine's memory.
    package var memory: MemoryInfo?
    /// Our process.
    package var process: Process?
    /// Descriptors open in our process.
    package var openFiles: UInt64?

    /// Starts with nothing read.
    package init() {}
}
