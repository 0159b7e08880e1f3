internal import ApusCore

/// All keys of the server's configuration.
package enum Settings {
    /// In the order of the help.
    package static let all: [Setting] = serving + store + control + listening + limits + timeouts + logging

    /// The setting with a key.
    package static func named(_ key: String) -> Setting? {
        all.first { $0.key == key }
    }

    static let serving = [
        Setting(
            key: "models",
            kind: .text,
            defaultValue: "",
            help: "The model repository: a folder, s3://BUCKET/PREFIX, or http(s)://HOST/PATH."
        ),
        Setting(key: "server_id", kind: .text, defaultValue: "apus", help: "The server's name in its metadata."),
        Setting(
            key: "engine_path",
            kind: .text,
            defaultValue: "",
            help: "File or folder of the ONNX Runtime library; searched beside the binary when empty."
        ),
        Setting(
            key: "cpu_budget",
            kind: .integer(0...4096),
            defaultValue: "0",
            help: "Cores to use; 0 for those that the system grants."
        ),
        Setting(
            key: "inline_runs",
            kind: .boolean,
            defaultValue: "true",
            help: "Run models that are cheaper than a thread hop on the event loop."
        ),
        Setting(
            key: "loading_threads",
            kind: .integer(1...64),
            defaultValue: "1",
            help: "Versions that may load at the same time."
        ),
        Setting(
            key: "default_model",
            kind: .text,
            defaultValue: "",
            help: "The model that /predict asks; the only one when empty."
        ),
        Setting(
            key: "strict_readiness",
            kind: .boolean,
            defaultValue: "false",
            help: "Not ready while any model has failed."
        ),
    ]

    static let listening = [
        Setting(key: "host", kind: .text, defaultValue: "127.0.0.1", help: "Address to listen on."),
        Setting(
            key: "http_port",
            kind: .port,
            defaultValue: "8000",
            help: "Port for inference; 0 for any free one, off for none. Speaks HTTP/1.1, HTTP/2 and gRPC."
        ),
        Setting(
            key: "grpc_port",
            kind: .port,
            defaultValue: "8001",
            help: "Second port for inference, where gRPC's clients look; speaks the same. 0 or off as above."
        ),
        Setting(
            key: "metrics_port",
            kind: .integer(0...65_535),
            defaultValue: "8002",
            help: "Port for /metrics; 0 for any free one."
        ),
        Setting(
            key: "insecure",
            kind: .boolean,
            defaultValue: "false",
            help: "Allow listening beyond loopback without authentication."
        ),
        Setting(
            key: "max_connections",
            kind: .integer(1...1_000_000),
            defaultValue: "20000",
            help: "Open connections; more wait."
        ),
    ]

    static let limits = [
        Setting(
            key: "max_message_bytes",
            kind: .byteCount(1...InputLimits.mostBytes),
            defaultValue: String(InputLimits.mostBytes),
            help: "Largest gRPC message; all together are held to in_flight_bytes."
        ),
        Setting(
            key: "max_body_bytes",
            kind: .byteCount(1...InputLimits.mostBytes),
            defaultValue: "64MiB",
            help: "A request's body, and what it decompresses to."
        ),
        Setting(
            key: "max_answer_bytes",
            kind: .byteCount(1...InputLimits.mostBytes),
            defaultValue: "1GiB",
            help: "An answer's body, as measured out before it is written: JSON counts with the widest spelling."
        ),
        Setting(
            key: "max_header_bytes",
            kind: .byteCount(1...InputLimits.mostBytes),
            defaultValue: "32KiB",
            help: "A request's header fields together."
        ),
        Setting(
            key: "max_header_count",
            kind: .integer(1...10_000),
            defaultValue: "100",
            help: "A request's header fields."
        ),
        Setting(key: "max_json_depth", kind: .integer(4...1000), defaultValue: "100", help: "Nesting of JSON."),
        Setting(
            key: "max_tensors",
            kind: .integer(1...100_000),
            defaultValue: "1024",
            help: "Inputs or outputs of a request."
        ),
        Setting(
            key: "max_elements",
            kind: .integer(1...1 << 40),
            defaultValue: "268435456",
            help: "Elements of one tensor."
        ),
        Setting(
            key: "max_image_pixels",
            kind: .integer(1...1 << 31),
            defaultValue: "33554432",
            help: "Pixels of a JPEG or PNG, width times height."
        ),
        Setting(
            key: "max_compression_ratio",
            kind: .integer(1...100_000),
            defaultValue: "100",
            help: "Growth of a compressed body beyond 1 MiB."
        ),
        Setting(
            key: "in_flight_bytes",
            kind: .byteCount(1...Int.max),
            defaultValue: "1GiB",
            help: "Bodies, inputs and answers of all requests being read or answered."
        ),
        Setting(
            key: "response_cache_bytes",
            kind: .byteCount(0...Int.max),
            defaultValue: "64MiB",
            help: "Answers remembered, of models whose configuration has a response_cache; 0 for none."
        ),
        Setting(
            key: "compression_min_bytes",
            kind: .byteCount(0...Int.max),
            defaultValue: "4KiB",
            help: "Smallest answer that is compressed for clients that accept it."
        ),
    ]

    static let timeouts = [
        Setting(
            key: "header_timeout",
            kind: .duration,
            defaultValue: "10s",
            help: "For a request's header fields, and for the first byte on a new connection."
        ),
        Setting(key: "body_timeout", kind: .duration, defaultValue: "20s", help: "Between two parts of a body."),
        Setting(
            key: "keep_alive_timeout",
            kind: .duration,
            defaultValue: "75s",
            help: "Between two requests of a connection."
        ),
        Setting(
            key: "drain_delay",
            kind: .duration,
            defaultValue: "8s",
            help: "After SIGTERM: serve on, not ready, while load balancers learn."
        ),
        Setting(
            key: "grace_period",
            kind: .duration,
            defaultValue: "30s",
            help: "After the drain delay: finish what was accepted."
        ),
    ]

    static let logging = [
        Setting(
            key: "log_format",
            kind: .choice(["readable", "json"]),
            defaultValue: "readable",
            help: "How log lines look."
        ),
        Setting(
            key: "log_level",
            kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            defaultValue: "info",
            help: "The least serious level that is logged."
        ),
        Setting(key: "log_file", kind: .text, defaultValue: "", help: "File to append to; standard error when empty."),
        Setting(
            key: "access_log",
            kind: .choice(["off", "failures", "all"]),
            defaultValue: "off",
            help: "Which requests get a line."
        ),
    ]
}
