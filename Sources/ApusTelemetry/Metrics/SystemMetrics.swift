/// Turns readings of the machine and of our process into metric families; what couldn't be read is left out.
package enum SystemMetrics {
    /// Triton's families of the machine and Prometheus' usual ones of a process.
    package static func families(of reading: SystemReading) -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let utilization = reading.cpuUtilization {
            families.append(
                MetricFamily(
                    "nv_cpu_utilization",
                    .gauge,
                    help: "Share of the machine's processor time that was in use lately, 0 to 1.",
                    value: .ratio(utilization)
                )
            )
        }
        if let memory = reading.memory { families += self.families(of: memory) }
        if let process = reading.process { families += self.families(of: process) }
        if let openFiles = reading.openFiles {
            families.append(
                MetricFamily(
                    "process_open_fds",
                    .gauge,
                    help: "File descriptors open in this process.",
                    value: .count(openFiles)
                )
            )
        }
        return families
    }

    private static func families(of memory: MemoryInfo) -> [MetricFamily] {
        [
            MetricFamily(
                "nv_cpu_memory_total_bytes",
                .gauge,
                help: "Memory of the machine, in bytes.",
                value: .count(memory.totalBytes)
            ),
            MetricFamily(
                "nv_cpu_memory_used_bytes",
                .gauge,
                help: "Memory of the machine that is not available to new work, in bytes.",
                value: .count(memory.usedBytes)
            ),
        ]
    }

    private static func families(of process: SystemReading.Process) -> [MetricFamily] {
        [
            MetricFamily(
                "process_resident_memory_bytes",
                .gauge,
                help: "Memory of this process that is resident, in bytes.",
                value: .count(process.residentBytes)
            ),
            MetricFamily(
                "process_cpu_seconds_total",
                .counter,
                help: "Processor time that this process has used, in user and system mode, in seconds.",
                value: .seconds(nanoseconds: process.cpuNanoseconds)
            ),
            MetricFamily(
                "process_start_time_seconds",
                .gauge,
                help: "When this process started, in seconds since 1970.",
                value: .seconds(nanoseconds: process.startNanoseconds)
            ),
        ]
    }
}
