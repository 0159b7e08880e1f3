import Testing

@testable import ApusServer

struct CPUBudgetTests {
    @Test func `the tightest quota counts, rounded up, one at least`() {
        #expect(CPUBudget.cores(allowed: 8, quotas: []) == 8)
        #expect(CPUBudget.cores(allowed: 8, quotas: [2.5, 4]) == 3)
        #expect(CPUBudget.cores(allowed: 8, quotas: [0.1]) == 1)
        #expect(CPUBudget.cores(allowed: 2, quotas: [16]) == 2)
        #expect(CPUBudget.cores(allowed: 2, quotas: [1e300]) == 2)
    }

    @Test func `version 2 writes quota and period, or max`() {
        #expect(CPUBudget.quota(maximum: "150000 100000\n") == 1.5)
        #expect(CPUBudget.quota(maximum: "200000\n") == 2)
        for text in ["max 100000\n", "", "x y", "0 100000", "100000 0", "-1 100000", "99999999999999999999 1"] {
            #expect(CPUBudget.quota(maximum: text) == nil)
        }
    }

    @Test func `version 1 writes -1 for no quota`() {
        #expect(CPUBudget.quota("50000\n", period: "100000\n") == 0.5)
        #expect(CPUBudget.quota("-1\n", period: "100000\n") == nil)
    }

    @Test func `quotas of the groups above count as well`() {
        #expect(CPUBudget.folders(ofGroups: "0::/a/b\n") == ["a/b", "unified/a/b", "a", "unified/a", "", "unified"])
        #expect(
            CPUBudget.folders(ofGroups: "3:cpu,cpuacct:/k\n2:memory:/k\n")
                == ["cpu/k", "cpu,cpuacct/k", "cpu", "cpu,cpuacct"]
        )
        #expect(CPUBudget.folders(ofGroups: "0::/../x\nrubbish\n") == ["x", "unified/x", "", "unified"])
        #expect(CPUBudget.folders(ofGroups: "").isEmpty)
    }

    @Test func `this machine has at least one`() {
        #expect(CPUBudget.cores() >= 1)
        #expect(CPUBudget.cores(root: "/nowhere") >= CPUBudget.cores())
    }

    @Test func `files of version 1 and 2 are found below a root`() {
        let root = TemporaryFolder()
        root.write("proc/self/cgroup", "0::/pod/container\n")
        root.write("sys/fs/cgroup/cpu.max", "max 100000\n")
        #expect(CPUBudget.cores(root: root.path) == CPUBudget.cores(root: "/nowhere"))
        root.write("sys/fs/cgroup/pod/cpu.max", "50000 100000\n")
        #expect(CPUBudget.cores(root: root.path) == 1)
        #expect(CPUBudget.cores(root: root.path + "/") == 1)
        let old = TemporaryFolder()
        old.write("proc/self/cgroup", "4:cpu,cpuacct:/k\n")
        old.write("sys/fs/cgroup/cpu/k/cpu.cfs_quota_us", "20000\n")
        old.write("sys/fs/cgroup/cpu/k/cpu.cfs_period_us", "100000\n")
        #expect(CPUBudget.cores(root: old.path) == 1)
    }
}
