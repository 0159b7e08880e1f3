internal import Glibc

/// The variables that the process was started with.
package enum ProcessEnvironment {
    /// All of them by name.
    package static var variables: [String: String] {
        var all: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let line = unsafe String(cString: text)
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { all[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return all
    }
}
