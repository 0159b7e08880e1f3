/// What a load test is to do.
package struct LoadPlan: Sendable {
    /// The server.
    package var url: ServerURL
    /// How many connections are kept open.
    package var connections = 8
    /// What makes requests due.
    package var pace = LoadSchedule.Pace.closedLoop
    /// How long nothing is counted at first.
    package var warmup = Duration.seconds(1)
    /// How long is counted after that.
    package var duration = Duration.seconds(10)
    /// The deadline that each request brings, counted by the server from its arrival; `nil` for none.
    package var timeout: Duration?
    /// How long answers are waited for after the end before the run is given up.
    package var grace = Duration.seconds(10)

    /// How often an event loop looks for answers and for what is due; `nil` to be woken for each of them.
    ///
    /// Fifty times within a deadline, where there is one. Woken for each of thousands a second, the generator would take
    /// half as much processor time again, from the very server that it brings to its limit. Where latencies are what is
    /// measured, and not whether deadlines are kept, it is woken.
    ///
    /// - Parameter loops: Event loops that share the load.
    /// - Returns: The time between two looks.
    package func lookInterval(loops: Int) -> Duration? {
        guard case .openLoop(let requestsPerSecond) = pace, let timeout else { return nil }
        let interval = min(timeout / 50, .milliseconds(1))
        // Below two a look there would be more looks than answers to be woken for.
        return requestsPerSecond / Double(loops) * (interval / .seconds(1)) >= 2 ? interval : nil
    }

    /// Plans with the defaults.
    package init(url: ServerURL) {
        self.url = url
    }

    /// Refuses numbers that make no sense, all at once.
    package func validate() throws(ClientError) {
        var faults: [String] = []
        if !(1...10_000).contains(connections) {
            faults.append("--connections goes from 1 to 10000, got \(connections)")
        }
        if case .openLoop(let rate) = pace, !(rate.isFinite && rate >= 0.001 && rate <= 10_000_000) {
            faults.append("--rate goes from 0.001 to 10000000 requests a second, got \(rate)")
        }
        if duration < .milliseconds(10) || duration > .seconds(86_400) {
            faults.append("--duration goes from 10ms to 24h")
        }
        if warmup < .zero || warmup > .seconds(86_400) { faults.append("--warmup goes from 0s to 24h") }
        if let timeout, timeout < .milliseconds(1) || timeout > .seconds(86_400) {
            faults.append("--timeout goes from 1ms to 24h")
        }
        guard faults.isEmpty else { throw ClientError(.invalidOption, faults.joined(separator: "\n")) }
    }
}
