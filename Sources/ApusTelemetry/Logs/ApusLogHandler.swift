internal import ApusCore
package import Logging

/// Writes swift-log's events to a destination in one of our two formats.
///
/// Metadata is merged as swift-log wants it: what the event says wins over the provider, the provider over the
/// handler. Keys come out sorted, so that the same event is always the same line.
package struct ApusLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    /// What the switch lets through, unless this handler was told to write less.
    package var logLevel: Logger.Level {
        get { followsSwitch ? max(ownLevel, logSwitch.lowest) : ownLevel }
        set { ownLevel = newValue }
    }

    private var ownLevel: Logger.Level
    /// Whether the switch is others' too and decides on levels; one of the handler's own only knows the format.
    private let followsSwitch: Bool
    private let logSwitch: LogSwitch
    private let destination: LogDestination

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - destination: Where lines go; share one between all handlers.
    ///   - format: How lines look.
    ///   - level: The least serious level that is written.
    ///   - metadataProvider: Adds what belongs to the task at hand, for example a trace id.
    package init(
        destination: LogDestination,
        format: LogFormat,
        level: Logger.Level = .info,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.destination = destination
        self.ownLevel = level
        self.followsSwitch = false
        self.logSwitch = LogSwitch(level: level, format: format)
        self.metadataProvider = metadataProvider
    }

    /// Makes a handler whose levels and format can be changed while it is in use.
    ///
    /// - Parameters:
    ///   - destination: Where lines go; share one between all handlers.
    ///   - logSwitch: Says which levels are written and how lines look.
    ///   - metadataProvider: Adds what belongs to the task at hand, for example a trace id.
    package init(
        destination: LogDestination,
        logSwitch: LogSwitch,
        metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.destination = destination
        self.ownLevel = .trace
        self.followsSwitch = true
        self.logSwitch = logSwitch
        self.metadataProvider = metadataProvider
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        guard event.level >= ownLevel, !followsSwitch || logSwitch.allows(event.level) else { return }
        destination.write(line(for: event, at: WallClock.millisecondsSince1970))
    }

    /// The line of an event.
    func line(for event: LogEvent, at milliseconds: Int64) -> [UInt8] {
        var line = LogLine(
            format: logSwitch.currentFormat,
            at: milliseconds,
            level: event.level,
            sentence: event.message.description
        )
        let facts = merged(with: event.metadata)
        for key in facts.keys.sorted() {
            let free = ApusLogHandler.reservedKeys.contains(key) ? key + "_" : key
            line.add(LogKey(free), facts[key, default: ""])
        }
        if let error = event.error { line.add(LogKey("error"), String(describing: error)) }
        return line.finish()
    }

    /// The keys that a line has of its own; metadata under the same name gets an underscore behind it.
    private static let reservedKeys: Set<String> = ["time", "level", "message", "error"]

    private func merged(with own: Logger.Metadata?) -> Logger.Metadata {
        var facts = metadata
        if let provided = metadataProvider?.get() { facts.merge(provided) { _, newer in newer } }
        if let own { facts.merge(own) { _, newer in newer } }
        return facts
    }
}
