internal import ApusServer
internal import ArgumentParser

/// Turns what is left of the command line into the server's configuration.
enum ConfigurationLoading {
    /// Reads flags, environment and file; a first argument that is no flag is the repository.
    ///
    /// - Throws: `ValidationError` with every fault.
    static func configuration(arguments: [String]) throws -> ServerConfiguration {
        var arguments = arguments
        if let first = arguments.first, !first.hasPrefix("-") {
            arguments.replaceSubrange(0..<1, with: ["--models", first])
        }
        do {
            return try ServerConfiguration.load(arguments: arguments)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
