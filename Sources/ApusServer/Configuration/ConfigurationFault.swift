/// One thing that is wrong with the configuration: where, which key, what to do.
package struct ConfigurationFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where the value came from: a file's name, `environment` or `command line`.
    package let source: String
    /// The key as that source spells it.
    package let key: String
    /// What was expected and what came.
    package let message: String

    package var description: String { "\(source): \(key): \(message)" }
}

/// All that is wrong with the configuration, reported at once.
package struct ConfigurationFaults: Error, Sendable, CustomStringConvertible {
    /// The faults, in the order in which they were found.
    package let faults: [ConfigurationFault]

    package var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}
