internal import ApusServer
internal import ArgumentParser

/// Turns what is left of the command line into the server's configuration.
enum ConfigurationLoading {
    /// Reads flags, environment and file.
    ///
    /// - Throws: `ValidationError` with every fault.
    static func configuration(arguments: [String]) throws -> ServerConfiguration {
        do {
            return try ServerConfiguration.load(arguments: arguments)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
