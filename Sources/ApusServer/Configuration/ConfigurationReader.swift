internal import ApusCore
internal import ApusListener
internal import ApusTelemetry
internal import Logging

/// Reads the configuration: flags over environment over file over defaults, all faults at once.
package struct ConfigurationReader {
    private let sources: [ConfigurationSource]
    private let environment: [String: String]
    private var faults: [ConfigurationFault] = []

    /// Prepares to read.
    ///
    /// - Parameters:
    ///   - flags: Values given on the command line, by key.
    ///   - environment: The process's variables.
    ///   - file: The configuration file, if there is one.
    package init(flags: [String: String], environment: [String: String], file: ConfigurationFile?) {
        var sources = [ConfigurationSource.commandLine(flags), .environment(environment)]
        if let file {
            sources.append(.file(file.path, file.values))
            faults = file.faults
        }
        self.sources = sources
        self.environment = environment
        faults += ConfigurationReader.unknownVariables(in: environment)
    }

    /// Reads everything.
    ///
    /// - Returns: The configuration.
    /// - Throws: All that is wrong.
    package consuming func read() throws(ConfigurationFaults) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.environment = environment
        readServing(into: &configuration)
        readStore(into: &configuration)
        readControl(into: &configuration)
        readListening(into: &configuration)
        readLimits(into: &configuration)
        readTimeouts(into: &configuration)
        readLogging(into: &configuration)
        if !configuration.isLoopbackOnly, !configuration.isInsecure {
            faults.append(
                ConfigurationFault(
                    source: "configuration",
                    key: "host",
                    message: "listening on \(configuration.host) would let everybody in, since no authentication is "
                        + "configured; use 127.0.0.1, or say --insecure if that is what you want"
                )
            )
        }
        refuseOpenControl(configuration)
        guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
        return configuration
    }

    private mutating func readServing(into configuration: inout ServerConfiguration) {
        configuration.models = text("models")
        configuration.serverID = text("server_id")
        configuration.enginePath = text("engine_path")
        configuration.cpuBudget = integer("cpu_budget")
        configuration.allowsInlineRuns = boolean("inline_runs")
        configuration.loadingThreads = integer("loading_threads")
        configuration.defaultModel = modelName("default_model")
        configuration.isReadinessStrict = boolean("strict_readiness")
    }

    private mutating func readStore(into configuration: inout ServerConfiguration) {
        configuration.store.pollInterval = duration("poll_interval")
        configuration.store.sourceTimeout = duration("source_timeout")
        configuration.store.settleTime = duration("settle_time")
        configuration.store.cachePath = text("cache")
        configuration.store.cacheBytes = byteCount("cache_bytes")
        configuration.store.trustedKeys = list("trusted_keys")
        configuration.store.requiresSignatures = boolean("require_signatures")
        configuration.store.refusesOlderManifests = boolean("refuse_older_manifests")
        configuration.store.keyFile = text("key_file")
        configuration.store.keyCommand = list("key_command")
        if configuration.store.pollInterval < 100_000_000 {
            let message = "looking more often than every 100ms would only keep the source busy"
            faults.append(ConfigurationFault(source: "configuration", key: "poll_interval", message: message))
        }
    }

    private mutating func readControl(into configuration: inout ServerConfiguration) {
        configuration.controlMode = ModelControlMode(rawValue: text("model_control_mode")) ?? .none
        configuration.modelsAtStart = list("load_model")
        configuration.isControlOnInferencePorts = boolean("control_on_inference_ports")
        configuration.controlSocket = text("control_socket")
        if configuration.controlSocket.utf8.count > ListenerAddress.maxPathBytes {
            faults.append(
                ConfigurationFault(
                    source: "configuration",
                    key: "control_socket",
                    message: "the path of a socket has at most \(ListenerAddress.maxPathBytes) bytes"
                )
            )
        }
        configuration.allowsFileOverrides = boolean("allow_file_overrides")
        configuration.allowsClientSharedMemory = boolean("allow_client_shm")
        configuration.sharedMemoryPrefixes = list("client_shm_prefix")
    }

    /// Refuses control that anybody could reach, and models for a mode that asks for none.
    private mutating func refuseOpenControl(_ configuration: ServerConfiguration) {
        if configuration.isControlOnInferencePorts, !configuration.isLoopbackOnly {
            faults.append(
                ConfigurationFault(
                    source: "configuration",
                    key: "control_on_inference_ports",
                    message: "control is open on loopback only, since no authentication is configured, and the server "
                        + "listens on \(configuration.host)"
                )
            )
        }
        if !configuration.isControlExplicit, !configuration.modelsAtStart.isEmpty {
            faults.append(
                ConfigurationFault(
                    source: "configuration",
                    key: "load_model",
                    message: "all models are loaded unless --model-control-mode is explicit"
                )
            )
        }
    }

    private mutating func readListening(into configuration: inout ServerConfiguration) {
        configuration.host = text("host")
        configuration.httpPort = port("http_port")
        configuration.grpcPort = port("grpc_port")
        if configuration.httpPort == nil, configuration.grpcPort == nil {
            faults.append(
                ConfigurationFault(
                    source: "configuration",
                    key: "http_port, grpc_port",
                    message: "both are off, so nobody could ask for anything; leave one on"
                )
            )
        }
        configuration.metricsPort = integer("metrics_port")
        configuration.isInsecure = boolean("insecure")
        configuration.maxConnections = integer("max_connections")
    }

    private mutating func readLimits(into configuration: inout ServerConfiguration) {
        configuration.limits.maxMessageBytes = byteCount("max_message_bytes")
        configuration.limits.maxBodyBytes = byteCount("max_body_bytes")
        configuration.limits.maxAnswerBytes = byteCount("max_answer_bytes")
        configuration.limits.maxHeaderBytes = byteCount("max_header_bytes")
        configuration.limits.maxHeaderCount = integer("max_header_count")
        configuration.limits.maxJSONDepth = integer("max_json_depth")
        configuration.limits.maxTensors = integer("max_tensors")
        configuration.limits.maxElements = integer("max_elements")
        configuration.limits.maxImagePixels = integer("max_image_pixels")
        configuration.limits.maxCompressionRatio = integer("max_compression_ratio")
        configuration.inFlightBytes = byteCount("in_flight_bytes")
        configuration.responseCacheBytes = byteCount("response_cache_bytes")
        configuration.compressionFloor = byteCount("compression_min_bytes")
    }

    private mutating func readTimeouts(into configuration: inout ServerConfiguration) {
        configuration.timeouts.head = duration("header_timeout")
        configuration.timeouts.bodyGap = duration("body_timeout")
        configuration.timeouts.keepAlive = duration("keep_alive_timeout")
        configuration.drainDelay = duration("drain_delay")
        configuration.gracePeriod = duration("grace_period")
    }

    private mutating func readLogging(into configuration: inout ServerConfiguration) {
        configuration.logFormat = LogFormat(rawValue: text("log_format")) ?? .readable
        configuration.logLevel = Logger.Level(rawValue: text("log_level")) ?? .info
        configuration.logFile = text("log_file")
        configuration.accessLog = AccessLogMode(rawValue: text("access_log")) ?? .off
    }
}

extension ConfigurationReader {
    private mutating func text(_ key: String) -> String {
        value(key) { setting, text in
            if case .choice(let words) = setting.kind { return words.contains(text) ? text : nil }
            return text
        }
    }

    private mutating func list(_ key: String) -> [String] {
        value(key) { _, text in text.split(separator: ",").map { String($0.drop { $0 == " " }) } }
    }

    private mutating func integer(_ key: String) -> Int {
        value(key) { setting, text in
            guard case .integer(let range) = setting.kind, let number = Int(text), range.contains(number) else {
                return nil
            }
            return number
        }
    }

    /// `nil` for one that is off.
    private mutating func port(_ key: String) -> Int? {
        value(key) { _, text -> Int?? in
            if text == "off" { return .some(nil) }
            guard let number = Int(text), (0...65_535).contains(number) else { return nil }
            return .some(number)
        }
    }

    private mutating func byteCount(_ key: String) -> Int {
        value(key) { setting, text in
            guard case .byteCount(let range) = setting.kind, let count = SettingParsing.byteCount(text),
                range.contains(count)
            else { return nil }
            return count
        }
    }

    private mutating func duration(_ key: String) -> Int64 {
        value(key) { _, text in SettingParsing.nanoseconds(text) }
    }

    /// A model's name; `nil` when none is written.
    private mutating func modelName(_ key: String) -> ModelName? {
        value(key) { _, text -> ModelName?? in text.isEmpty ? .some(nil) : ModelName(text).map { .some($0) } }
    }

    private mutating func boolean(_ key: String) -> Bool {
        value(key) { _, text in SettingParsing.boolean(text) }
    }

    /// The first source's value that there is; one that can't be read is a fault, and the default stands in.
    private mutating func value<Value>(_ key: String, _ parse: (Setting, String) -> Value?) -> Value {
        guard let setting = Settings.named(key), let fallback = parse(setting, setting.defaultValue) else {
            preconditionFailure("the table of settings lacks a readable '\(key)'")
        }
        for source in sources {
            guard let text = source.value(of: setting) else { continue }
            if let value = parse(setting, text) { return value }
            faults.append(
                ConfigurationFault(
                    source: source.name,
                    key: source.spelling(setting),
                    message: "expected \(setting.form), got '\(text)'"
                )
            )
            return fallback
        }
        return fallback
    }

    /// Variables that begin like ours and are none: most likely a slip of the pen.
    private static func unknownVariables(in environment: [String: String]) -> [ConfigurationFault] {
        let known = Set(Settings.all.map(\.variable)).union(["APUS_URL", "APUS_CONFIG", "APUS_BINARY", "APUS_LONG"])
        return environment.keys.sorted()
            .filter { $0.hasPrefix("APUS_") && !known.contains($0) && !$0.hasPrefix("APUS_TEST_") }
            .filter { $0 != "APUS_WARNINGS_AS_ERRORS" && !$0.hasPrefix("APUS_KEY_") && !$0.hasPrefix("APUS_S3_") }
            .map { name in
                let nearest = Settings.all.map(\.variable).nearest(to: name)
                return ConfigurationFault(
                    source: "environment",
                    key: name,
                    message: "unknown variable" + (nearest.map { "; did you mean \($0)?" } ?? "")
                )
            }
    }
}
