internal import ApusEngine
internal import Logging

/// What `apus engines` prints.
package struct EngineReport {
    /// The report as text.
    package let text: String

    /// Looks for the engines as `apus serve` would.
    package init(_ configuration: ServerConfiguration) {
        let set = EngineSet(
            path: configuration.enginePath,
            executableFolder: ExecutableFolder.path,
            threadCount: 1,
            logger: Logger(label: "apus") { _ in SwiftLogNoOpLogHandler() }
        )
        var text = ""
        for engine in set.engines {
            let information = engine.information
            text += "\(information.name) \(information.version)\n"
            text += "  devices: \(information.devices.joined(separator: ", "))\n"
            text += "  library: \(information.libraryPath ?? "built in")\n"
        }
        for missing in set.missing {
            text += "\(missing.name): not found\n"
            for line in missing.error.message.split(separator: "\n") { text += "  \(line)\n" }
        }
        self.text = text
    }
}
