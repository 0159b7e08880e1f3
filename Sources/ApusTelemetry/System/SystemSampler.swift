package import ApusCore
internal import Synchronization

/// Reads the machine and our process from `/proc` when a scrape asks.
package final class SystemSampler: Sendable {
    private let clock: any TimeSource
    private let units = ProcFile.units
    private let bootSeconds: UInt64?
    private let utilization = Mutex(CPUUtilization())

    /// Makes a sampler and takes the first reading of processor time, so that the first scrape has a span to measure.
    package init(clock: any TimeSource = SystemTime()) {
        self.clock = clock
        // The line with the start time stands behind one for each processor and the long one of interrupts.
        let statistics = ProcFile.text("/proc/stat", limit: 1 << 20)
        self.bootSeconds = statistics.flatMap { ProcessStatus.bootSeconds(parsing: $0) }
        _ = currentUtilization()
    }

    /// Reads everything.
    package func sample() -> SystemReading {
        var reading = SystemReading()
        reading.cpuUtilization = currentUtilization()
        reading.memory = ProcFile.text("/proc/meminfo").flatMap { MemoryInfo(parsing: $0) }
        reading.openFiles = ProcFile.openDescriptors()
        if let bootSeconds, let status = ProcFile.text("/proc/self/stat").flatMap({ ProcessStatus(parsing: $0) }) {
            reading.process = SystemReading.Process(status, units: units, bootSeconds: bootSeconds)
        }
        return reading
    }

    private func currentUtilization() -> Double? {
        let now = clock.now
        guard utilization.withLock({ $0.isDue(now: now) }) else { return utilization.withLock { $0.value } }
        guard let text = ProcFile.text("/proc/stat", limit: 1024), let times = CPUTimes(parsing: text) else {
            return nil
        }
        return utilization.withLock { state in
            state.sampled(times, now: now)
            return state.value
        }
    }
}
