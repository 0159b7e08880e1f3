import ApusCore
import ApusListener
import ApusTelemetry
import Logging
import Testing

@testable import ApusServer

struct ConfigurationReaderTests {
    private func read(
        flags: [String: String] = [:],
        environment: [String: String] = [:],
        file text: String? = nil
    ) throws -> ServerConfiguration {
        let file = try text.map { try ConfigurationFile(path: "apus.yaml", text: $0) }
        return try ConfigurationReader(flags: flags, environment: environment, file: file).read()
    }

    /// The faults of a configuration that can't be read, as lines.
    private func faults(
        flags: [String: String] = [:],
        environment: [String: String] = [:],
        file text: String? = nil
    ) -> [String] {
        let error = #expect(throws: ConfigurationFaults.self) {
            try read(flags: flags, environment: environment, file: text)
        }
        return error?.faults.map(\.description) ?? []
    }

    @Test func `flags win over the environment, the environment over the file, the file over defaults`() throws {
        let file = "http_port: 1\nmetrics_port: 1\nmax_tensors: 7\n"
        let environment = ["APUS_HTTP_PORT": "2", "APUS_METRICS_PORT": "2"]
        let read = try read(flags: ["http_port": "3"], environment: environment, file: file)
        #expect(read.httpPort == 3)
        #expect(read.metricsPort == 2)
        #expect(read.limits.maxTensors == 7)
        #expect(read.limits.maxJSONDepth == 100)
    }

    @Test func `every setting can be written in every place`() throws {
        for setting in Settings.all where !setting.defaultValue.isEmpty {
            let value = setting.defaultValue
            _ = try read(flags: [setting.key: value])
            _ = try read(environment: [setting.variable: value])
            _ = try read(file: "\(setting.key): \(value)\n")
        }
        let read = try read(environment: ["APUS_LOG_FILE": "/tmp/x"], file: "models: /m\nserver_id: \"a: b\"\n")
        #expect(read.logFile == "/tmp/x")
        #expect(read.models == "/m")
        #expect(read.serverID == "a: b")
    }

    @Test func `all faults are reported at once, each with its source and the key as that source spells it`() {
        let found = faults(
            flags: ["http_port": "70000", "log_format": "xml"],
            environment: ["APUS_MAX_BODY_BYTES": "lots", "APUS_HTPP_PORT": "1"],
            file: "grace_period: 10\nmetrics_prt: 8\nlog_level: [a]\n"
        )
        #expect(
            Set(found) == [
                "apus.yaml:2: metrics_prt: unknown key; did you mean 'metrics_port'?",
                "apus.yaml:3: log_level: expected one value",
                "environment: APUS_HTPP_PORT: unknown variable; did you mean APUS_HTTP_PORT?",
                "command line: --http-port: expected a port from 1 to 65535, 0 for any free one, or off, got '70000'",
                "command line: --log-format: expected one of readable, json, got 'xml'",
                "environment: APUS_MAX_BODY_BYTES: expected a number of bytes from 1 to 2147483647, such as 65536, "
                    + "64KiB or 1GiB, got 'lots'",
                "apus.yaml: grace_period: expected a duration, such as 500ms, 8s or 2m, got '10'",
            ]
        )
        #expect(found.count == 7)
    }

    @Test(arguments: ["max_body_bytes", "max_answer_bytes", "max_header_bytes"])
    func `bytes that network buffers can't count are a fault`(_ key: String) throws {
        for bad in ["2GiB", "8GiB", "2147483648", "0"] {
            let found = faults(flags: [key: bad])
            #expect(found.count == 1)
            #expect(found.first?.contains("expected a number of bytes from 1 to 2147483647") == true)
        }
        _ = try read(flags: [key: "2147483647"])
        #expect(try read(flags: ["max_answer_bytes": "1MiB"]).limits.maxAnswerBytes == 1 << 20)
        #expect(try read(flags: ["in_flight_bytes": "64GiB"]).inFlightBytes == 64 << 30)
    }

    @Test func `a value of a weaker source is no fault when a stronger one has a good value`() throws {
        #expect(try read(flags: ["http_port": "1"], environment: ["APUS_HTTP_PORT": "x"]).httpPort == 1)
    }

    @Test func `a bad value of a stronger source is a fault even when a weaker one is good`() {
        #expect(faults(flags: ["http_port": "x"], environment: ["APUS_HTTP_PORT": "1"]).count == 1)
    }

    @Test func `variables that aren't the server's own don't count`() throws {
        let environment = [
            "APUS_URL": "http://x", "APUS_CONFIG": "c", "APUS_TEST_THING": "1", "PATH": "/bin", "XAPUS_HOST": "h",
            "apus_host": "h",
        ]
        #expect(try read(environment: environment).host == "127.0.0.1")
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) func `loopback is open`(_ host: String) throws {
        #expect(try read(flags: ["host": host]).isLoopbackOnly)
    }

    @Test(arguments: [
        "0.0.0.0", "::", "10.0.0.1", "", "example.org", "127.example.org", "127.0.0.1.example.org", "127.",
        "127.0.0.256",
        "localhost.example.org",
    ]) func `beyond loopback only with insecure`(_ host: String) throws {
        let found = faults(flags: ["host": host])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("configuration: host: listening on \(host) would let everybody in") == true)
        #expect(found.first?.contains("--insecure") == true)
        #expect(try read(flags: ["host": host, "insecure": "true"]).host == host)
    }

    @Test func `limits, time-outs and words arrive`() throws {
        let read = try read(
            file: """
                max_body_bytes: 1KiB
                in_flight_bytes: 2MiB
                header_timeout: 1s
                body_timeout: 2s
                keep_alive_timeout: 3m
                drain_delay: 0
                grace_period: 4ms
                log_format: json
                log_level: trace
                access_log: all
                strict_readiness: yes
                inline_runs: off
                """
        )
        #expect(read.limits.maxBodyBytes == 1024)
        #expect(read.inFlightBytes == 2 << 20)
        #expect(read.timeouts.head == 1_000_000_000)
        #expect(read.timeouts.bodyGap == 2_000_000_000)
        #expect(read.timeouts.keepAlive == 180_000_000_000)
        #expect(read.drainDelay == 0)
        #expect(read.gracePeriod == 4_000_000)
        #expect(read.logFormat == .json)
        #expect(read.logLevel == .trace)
        #expect(read.accessLog == .all)
        #expect(read.isReadinessStrict)
        #expect(!read.allowsInlineRuns)
    }
}
