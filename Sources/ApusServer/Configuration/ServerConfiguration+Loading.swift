internal import ApusCore
internal import Glibc

extension ServerConfiguration {
    /// Reads the configuration for a command: its flags, the process's environment, the file.
    ///
    /// - Parameter arguments: Flags of settings, and `--config FILE`.
    /// - Returns: What they say together.
    /// - Throws: `RuntimeFailure` or `ConfigurationFaults`.
    package static func load(arguments: [String]) throws -> ServerConfiguration {
        let environment = ProcessEnvironment.variables
        var (flags, faults) = FlagParsing.parse(arguments)
        let path = flags.removeValue(forKey: "config") ?? environment["APUS_CONFIG"]
        var file: ConfigurationFile?
        if let path {
            file = try ConfigurationFile(path: path)
        } else if unsafe access(defaultFile, R_OK) == 0 {
            file = try ConfigurationFile(path: defaultFile)
        }
        let reader = ConfigurationReader(flags: flags, environment: environment, file: file)
        do throws(ConfigurationFaults) {
            let configuration = try reader.read()
            guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
            return configuration
        } catch {
            faults += error.faults.filter { !faults.contains($0) }
            throw ConfigurationFaults(faults: faults)
        }
    }

    private static let defaultFile = "apus-server.yaml"
}

/// Reads flags of settings.
enum FlagParsing {
    /// Values by key, and what is no setting.
    static func parse(_ arguments: [String]) -> (values: [String: String], faults: [ConfigurationFault]) {
        var values: [String: String] = [:]
        var faults: [ConfigurationFault] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = String(parts[0])
            guard let (key, isBoolean, isList) = known(flag) else {
                faults.append(unknown(flag))
                if let next = rest.first, !next.hasPrefix("--"), flag.hasPrefix("--") { rest.removeFirst() }
                continue
            }
            let before = isList ? values[key].map { "\($0)," } ?? "" : ""
            if parts.count == 2 {
                values[key] = before + String(parts[1])
            } else if let next = rest.first, !next.hasPrefix("--") {
                values[key] = before + next
                rest.removeFirst()
            } else if isBoolean {
                values[key] = "true"
            } else {
                faults.append(ConfigurationFault(source: "command line", key: flag, message: "expected a value"))
            }
        }
        return (values, faults)
    }

    private static func known(_ flag: String) -> (key: String, isBoolean: Bool, isList: Bool)? {
        if flag == "--config" { return ("config", false, false) }
        return Settings.all.first { $0.flag == flag }.map { ($0.key, $0.isBoolean, $0.isList) }
    }

    private static func unknown(_ flag: String) -> ConfigurationFault {
        let nearest = (Settings.all.map(\.flag) + ["--config"]).nearest(to: flag)
        return ConfigurationFault(
            source: "command line",
            key: flag,
            message: "unknown setting" + (nearest.map { "; did you mean \($0)?" } ?? "; see --help")
        )
    }
}
