internal import Configuration

/// One place that values come from, and how it spells keys.
struct ConfigurationSource: Sendable {
    let name: String
    let spelling: @Sendable (Setting) -> String
    private let read: @Sendable (Setting) -> String?

    /// Flags of the command line.
    static func commandLine(_ values: [String: String]) -> ConfigurationSource {
        ConfigurationSource(name: "command line", spelling: \.flag, read: { values[$0.key] })
    }

    /// Variables of the environment.
    static func environment(_ variables: [String: String]) -> ConfigurationSource {
        let reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
            .scoped(to: "apus")
        return ConfigurationSource(
            name: "environment",
            spelling: \.variable,
            read: { reader.string(forKey: ConfigKey([$0.key])) }
        )
    }

    /// A file whose members have been read.
    static func file(_ path: String, _ values: [String: String]) -> ConfigurationSource {
        let pairs = values.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
        let provider = InMemoryProvider(name: path, values: Dictionary(uniqueKeysWithValues: pairs))
        let reader = ConfigReader(provider: provider)
        return ConfigurationSource(
            name: path,
            spelling: \.key,
            read: { reader.string(forKey: ConfigKey([$0.key])) }
        )
    }

    /// The text of a setting; `nil` when this source has none.
    func value(of setting: Setting) -> String? {
        read(setting)
    }
}
