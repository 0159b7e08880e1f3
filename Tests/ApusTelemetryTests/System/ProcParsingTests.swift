import ApusCore
import Testing

@testable import ApusTelemetry

struct ProcParsingTests {
    @Test func `processor times leave out what is counted twice`() {
        let text = "cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 2 3 4\nbtime 1700000000\n"
        #expect(CPUTimes(parsing: text) == CPUTimes(total: 621, idle: 450))
        #expect(CPUTimes(parsing: "cpu 1 2 3 4\n") == CPUTimes(total: 10, idle: 4))
    }

    @Test(arguments: ["", "cpu", "cpu0 1 2 3 4", "cpu 1 2 3", "cpu 1 2 x 4 5", "intr 1 2 3 4"])
    func `other texts are no processor times`(text: String) {
        #expect(CPUTimes(parsing: text) == nil)
    }

    @Test func `memory in use is what is not available`() {
        let text = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n"
        let memory = MemoryInfo(parsing: text)
        #expect(memory?.totalBytes == 1_024_000)
        #expect(memory?.usedBytes == 409_600)
    }

    @Test(arguments: [
        "", "MemTotal: 10 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n", "MemTotal: 1 MB\nMemAvailable: 1 kB\n",
        "MemTotal: 18446744073709551615 kB\nMemAvailable: 1 kB\n",
    ])
    func `other texts say nothing of memory`(text: String) {
        #expect(MemoryInfo(parsing: text) == nil)
    }

    @Test func `a program's name may hold parentheses and spaces`() {
        let text = "42 (a) b (c 1 2) S 1 42 42 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 9 0 1000 123456 2500 184467 1 1\n"
        let status = ProcessStatus(parsing: text)
        #expect(status?.cpuTicks == 200)
        #expect(status?.startTicks == 1000)
        #expect(status?.residentPages == 2500)
        #expect(ProcessStatus(parsing: "42 (a) S 1 2") == nil)
        #expect(ProcessStatus(parsing: "") == nil)
    }

    @Test func `kernel units become the metrics' units`() throws {
        let text = "1 (a) S 1 42 42 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 9 0 1000 123456 2500 184467 1 1\n"
        let status = try #require(ProcessStatus(parsing: text))
        let units = SystemReading.Units(ticksPerSecond: 100, pageBytes: 4096)
        let process = SystemReading.Process(status, units: units, bootSeconds: 1_700_000_000)
        #expect(process.cpuNanoseconds == 2_000_000_000)
        #expect(process.startNanoseconds == 1_700_000_010_000_000_000)
        #expect(process.residentBytes == 10_240_000)
    }

    @Test func `the start of the machine stands in its own line`() {
        #expect(ProcessStatus.bootSeconds(parsing: "cpu 1 2 3 4\nbtime 1700000000\nprocesses 5\n") == 1_700_000_000)
        #expect(ProcessStatus.bootSeconds(parsing: "cpu 1 2 3 4\n") == nil)
    }

    @Test func `this machine can be read`() throws {
        let reading = SystemSampler().sample()
        let memory = try #require(reading.memory)
        #expect(memory.usedBytes < memory.totalBytes)
        #expect((0.0...1.0).contains(try #require(reading.cpuUtilization)))
        let process = try #require(reading.process)
        #expect(process.residentBytes > 1 << 20)
        #expect(process.startNanoseconds / 1_000_000 <= UInt64(WallClock.millisecondsSince1970) + 1000)
        #expect(try #require(reading.openFiles) >= 3)
    }
}
