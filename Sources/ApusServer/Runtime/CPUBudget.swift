internal import CLinux
internal import Glibc

/// How many processors this process may use: what it may run on, and what its control groups let it have.
package enum CPUBudget {
    /// Asks the system.
    ///
    /// - Parameter root: The folder that stands for `/`, so that tests can bring their own `/proc` and `/sys`.
    /// - Returns: At least 1; part of a processor counts as one.
    package static func cores(root: String = "/") -> Int {
        let root = root.hasSuffix("/") ? String(root.dropLast()) : root
        let allowed = max(1, Int(CLinux_allowedProcessorCount()))
        let groups = read("\(root)/proc/self/cgroup") ?? ""
        let quotas = folders(ofGroups: groups).compactMap { folder in
            quota(inFolder: "\(root)/sys/fs/cgroup/\(folder)")
        }
        return cores(allowed: allowed, quotas: quotas)
    }

    /// Rounds the tightest quota up, and bounds it by the processors that there are.
    static func cores(allowed: Int, quotas: [Double]) -> Int {
        guard let tightest = quotas.min(), tightest.rounded(.up) < Double(allowed) else { return allowed }
        return max(1, Int(tightest.rounded(.up)))
    }

    // MARK: - Text

    /// The folders below `/sys/fs/cgroup` whose quotas count: those of the process's groups and of all above them.
    ///
    /// Inside a container the path of `/proc/self/cgroup` may be the host's, with only its end mounted; so the top
    /// folders are always among them.
    ///
    /// - Parameter text: `/proc/self/cgroup`: lines of `number:controllers:path`, controllers empty for version 2.
    /// - Returns: Relative paths, the process's own groups first.
    static func folders(ofGroups text: String) -> [String] {
        var folders: [String] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            let mounts: [String]
            if fields[1].isEmpty {
                mounts = ["", "unified"]
            } else if controllers.contains("cpu") {
                mounts = ["cpu", String(fields[1])]
            } else {
                continue
            }
            var components = fields[2].split(separator: "/").filter { $0 != ".." }
            while true {
                for mount in mounts {
                    let path = [mount] + components.map(String.init)
                    folders.append(path.filter { !$0.isEmpty }.joined(separator: "/"))
                }
                if components.popLast() == nil { break }
            }
        }
        return folders
    }

    /// Reads version 2's `cpu.max`: quota and period in microseconds, or `max` for no quota.
    ///
    /// - Returns: Processors; `nil` for no quota, and for text that isn't one.
    static func quota(maximum text: String) -> Double? {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard let first = fields.first else { return nil }
        return quota(String(first), period: fields.count > 1 ? String(fields[1]) : "100000")
    }

    /// Reads version 1's `cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is none.
    ///
    /// - Returns: Processors; `nil` for no quota, and for text that isn't one.
    static func quota(_ quota: String, period: String) -> Double? {
        guard let quota = Int64(trimmed(quota)), let period = Int64(trimmed(period)), quota > 0, period > 0
        else { return nil }
        return Double(quota) / Double(period)
    }

    private static func trimmed(_ text: String) -> Substring {
        text.split(whereSeparator: \.isWhitespace).first ?? ""
    }

    // MARK: - Files

    private static func quota(inFolder folder: String) -> Double? {
        if let text = read("\(folder)/cpu.max") { return quota(maximum: text) }
        guard let text = read("\(folder)/cpu.cfs_quota_us"), let period = read("\(folder)/cpu.cfs_period_us")
        else { return nil }
        return quota(text, period: period)
    }

    /// The first 16 KiB of a small file; `nil` when it can't be read.
    private static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }
}
