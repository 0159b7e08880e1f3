internal import Histogram

/// What a load test found, for people and for programs.
package struct LoadReport: Sendable {
    /// The percentiles reported.
    static let percentiles: [(name: String, value: Double)] = [
        ("p50", 50), ("p95", 95), ("p99", 99), ("p99.9", 99.9),
    ]

    private let model: String
    private let plan: LoadPlan
    private let requestDescription: String
    private let isBinary: Bool
    private let outcome: LoadOutcome

    /// Joins what was asked with what was seen.
    ///
    /// - Parameters:
    ///   - model: The model's name, with its version when one was asked for.
    ///   - plan: What was to be done.
    ///   - request: The request sent.
    ///   - isBinary: Whether tensors went as bytes.
    ///   - outcome: What was seen.
    package init(model: String, plan: LoadPlan, request: LoadRequest, isBinary: Bool, outcome: LoadOutcome) {
        self.model = model
        self.plan = plan
        self.requestDescription = "\(isBinary ? "binary" : "JSON") body of \(request.body.count) bytes"
        self.isBinary = isBinary
        self.outcome = outcome
    }

    /// Answers with status 200 in the window, by its length.
    package var throughput: Double { Double(outcome.completed) / (plan.duration / .seconds(1)) }

    /// Tables, the picture and what to think of them.
    package var text: String {
        var text = "\(model) at \(plan.url): \(modeText), \(connectionsText), "
        text += "\(DurationText.text(plan.duration)) after \(DurationText.text(plan.warmup)) of warm-up, "
        text += "\(requestDescription)\n\n"
        text += figures.text + "\n" + latencies.text
        let picture = LatencyPicture(outcome)
        if !picture.bars.isEmpty { text += "\n" + picture.text }
        if let failure = outcome.firstFailure { text += "\nfirst failure: \(failure)\n" }
        return text + "\n" + note + "\n"
    }

    /// The same as one JSON object; latencies in microseconds.
    package var json: String {
        let isOpen = if case .openLoop = plan.pace { true } else { false }
        var members = [
            JSONMember("model", .string(model)),
            JSONMember("url", .string(plan.url.description)),
            JSONMember("mode", .string(isOpen ? "open" : "closed")),
            JSONMember("coordinated_omission_corrected", .bool(isOpen)),
            JSONMember("binary", .bool(isBinary)),
            JSONMember("connections", .number(String(plan.connections))),
            JSONMember("warmup_seconds", LoadReport.number(plan.warmup / .seconds(1))),
            JSONMember("duration_seconds", LoadReport.number(plan.duration / .seconds(1))),
        ]
        if case .openLoop(let rate) = plan.pace { members.append(JSONMember("rate", LoadReport.number(rate))) }
        members += [
            JSONMember("throughput_per_second", LoadReport.number(throughput)),
            JSONMember("requests", LoadReport.number(outcome.answered + outcome.failed)),
            JSONMember("answered", LoadReport.number(outcome.answered)),
            JSONMember("failed", LoadReport.number(outcome.failed)),
            JSONMember("error_rate", LoadReport.number(outcome.errorRate)),
            JSONMember("failures", failures),
            JSONMember("latency_us", latencyMembers),
            JSONMember("histogram", histogram),
        ]
        if let failure = outcome.firstFailure { members.append(JSONMember("first_failure", .string(failure))) }
        return String(decoding: JSONValue.object(members).encoded, as: UTF8.self) + "\n"
    }

    private var modeText: String {
        switch plan.pace {
        case .closedLoop: "closed loop"
        case .openLoop(let rate): "open loop at \(FixedPoint.text(rate, decimals: rate < 10 ? 3 : 0)) requests/s"
        }
    }

    private var connectionsText: String {
        plan.connections == 1 ? "1 connection" : "\(plan.connections) connections"
    }

    private var note: String {
        switch plan.pace {
        case .closedLoop:
            "Note: in a closed loop a stalled server keeps the load from being sent, so these percentiles are not\n"
                + "corrected for coordinated omission. With --rate R they are."
        case .openLoop:
            "Latencies count from the time at which each request was due, so that they include any wait for a\n"
                + "free connection (corrected for coordinated omission)."
        }
    }

    private var figures: TextTable {
        var table = TextTable([
            .init("THROUGHPUT"), .init("REQUESTS", .right), .init("FAILED", .right), .init("ERRORS"),
        ])
        table.append([
            "\(FixedPoint.text(throughput, decimals: throughput < 100 ? 2 : 0)) /s",
            FixedPoint.grouped(outcome.answered + outcome.failed),
            FixedPoint.grouped(outcome.failed),
            "\(FixedPoint.text(outcome.errorRate * 100, decimals: 3)) %",
        ])
        return table
    }

    private var latencies: TextTable {
        guard outcome.latencies.totalCount > 0 else { return TextTable([.init("no latencies: nothing was answered")]) }
        var values = LoadReport.percentiles.map { ($0.name, outcome.latencies.valueAtPercentile($0.value)) }
        values.append(("max", outcome.latencies.max))
        values.append(("mean", UInt64(outcome.latencies.mean)))
        var table = TextTable(values.map { .init($0.0, .right) })
        table.append(values.map { FixedPoint.time(nanoseconds: $0.1) })
        return table
    }

    private var failures: JSONValue {
        let refused = outcome.refused.sorted { $0.key < $1.key }.map { status, count in
            JSONMember("status_\(status)", LoadReport.number(count))
        }
        return .object(
            refused + [
                JSONMember("connection_lost", LoadReport.number(outcome.lost)),
                JSONMember("unfinished", LoadReport.number(outcome.unfinished)),
                JSONMember("failed_connections", LoadReport.number(outcome.failedConnections)),
            ]
        )
    }

    private var latencyMembers: JSONValue {
        guard outcome.latencies.totalCount > 0 else { return .null }
        let percentiles = LoadReport.percentiles.map { percentile in
            JSONMember(percentile.name, LoadReport.microseconds(outcome.latencies.valueAtPercentile(percentile.value)))
        }
        return .object(
            percentiles + [
                JSONMember("max", LoadReport.microseconds(outcome.latencies.max)),
                JSONMember("mean", LoadReport.microseconds(UInt64(outcome.latencies.mean))),
            ]
        )
    }

    private var histogram: JSONValue {
        .array(
            LatencyPicture(outcome).bars.map { bar in
                .object([
                    JSONMember("up_to_us", .number(String(bar.upperBound / 1_000))),
                    JSONMember("count", LoadReport.number(bar.count)),
                ])
            }
        )
    }

    private static func microseconds(_ nanoseconds: UInt64) -> JSONValue {
        .number(FixedPoint.text(Double(nanoseconds) / 1_000, decimals: 1))
    }

    private static func number(_ value: UInt64) -> JSONValue { .number(String(value)) }

    private static func number(_ value: Double) -> JSONValue { .number(NumberText.json(value)) }
}
