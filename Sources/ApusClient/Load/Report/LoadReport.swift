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

    /// Answers with status 200 within the window and within their deadlines, by the window's length.
    package var goodput: Double { Double(outcome.good) / (plan.duration / .seconds(1)) }

    /// Tables, the picture and what to think of them.
    package var text: String {
        var text = "\(model) at \(plan.url): \(modeText), \(connectionsText), "
        text += "\(DurationText.text(plan.duration)) after \(DurationText.text(plan.warmup)) of warm-up, "
        text += "\(requestDescription)\n\n"
        text += figures.text + "\n" + latencies.text
        let picture = LatencyPicture(outcome)
        if !picture.bars.isEmpty { text += "\n" + picture.text }
        if let timeout = plan.timeout { text += "\n" + deadlineText(timeout) }
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
        if let timeout = plan.timeout {
            members += [
                JSONMember("timeout_seconds", LoadReport.number(timeout / .seconds(1))),
                JSONMember("declined", LoadReport.number(outcome.declined)),
                JSONMember("late", LoadReport.number(outcome.late)),
                JSONMember("goodput_per_second", LoadReport.number(goodput)),
            ]
        }
        if let lookInterval {
            members.append(JSONMember("look_interval_us", LoadReport.number(lookInterval / .microseconds(1))))
        }
        members += [
            JSONMember("throughput_per_second", LoadReport.number(throughput)),
            JSONMember("requests", LoadReport.number(requests)),
            JSONMember("answered", LoadReport.number(outcome.answered)),
            JSONMember("failed", LoadReport.number(outcome.failed)),
            JSONMember("error_rate", LoadReport.number(outcome.errorRate)),
            JSONMember("failures", failures),
            JSONMember("latency_us", LoadReport.members(of: outcome.latencies)),
            JSONMember("send_delay_us", LoadReport.members(of: outcome.sendDelays)),
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
                + "free connection (corrected for coordinated omission). \(delayText)\(lookText)"
        }
    }

    private var lookInterval: Duration? { plan.lookInterval(loops: LoadGenerator.threads(for: plan)) }

    private var lookText: String {
        lookInterval.map {
            "\nAnswers were looked for every \(FixedPoint.time(nanoseconds: UInt64($0 / .nanoseconds(1)))), so latencies "
                + "are up to that much too long."
        } ?? ""
    }

    private var requests: UInt64 { outcome.answered + outcome.declined + outcome.failed }

    /// Half of the requests may leave so much later than they were due, in nanoseconds, before it is said.
    private static let punctual: UInt64 = 1_000_000

    /// How well the generator has kept its schedule.
    private var delayText: String {
        guard outcome.sendDelays.totalCount > 0 else { return "" }
        let median = FixedPoint.time(nanoseconds: outcome.sendDelays.valueAtPercentile(50))
        let most = FixedPoint.time(nanoseconds: outcome.sendDelays.valueAtPercentile(99))
        let left = "Requests\nleft \(median) (p50), \(most) (p99) after they were due."
        guard outcome.sendDelays.valueAtPercentile(50) > LoadReport.punctual else { return left }
        return left
            + " The generator couldn't keep up with this rate, or had no\nconnection free: give it more --connections, or "
            + "a machine of its own."
    }

    private func deadlineText(_ timeout: Duration) -> String {
        var table = TextTable([.init("DEADLINE"), .init("REFUSED", .right), .init("LATE", .right), .init("IN TIME")])
        table.append([
            DurationText.text(timeout), FixedPoint.grouped(outcome.declined), FixedPoint.grouped(outcome.late),
            "\(FixedPoint.text(goodput, decimals: goodput < 100 ? 2 : 0)) /s",
        ])
        return table.text
    }

    private var figures: TextTable {
        var table = TextTable([
            .init("THROUGHPUT"), .init("REQUESTS", .right), .init("FAILED", .right), .init("ERRORS"),
        ])
        table.append([
            "\(FixedPoint.text(throughput, decimals: throughput < 100 ? 2 : 0)) /s",
            FixedPoint.grouped(requests),
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

    private static func members(of times: Histogram<UInt64>) -> JSONValue {
        guard times.totalCount > 0 else { return .null }
        let percentiles = LoadReport.percentiles.map { percentile in
            JSONMember(percentile.name, LoadReport.microseconds(times.valueAtPercentile(percentile.value)))
        }
        return .object(
            percentiles + [
                JSONMember("max", LoadReport.microseconds(times.max)),
                JSONMember("mean", LoadReport.microseconds(UInt64(times.mean))),
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
