extension ServedStatistics {
    /// Reads the answer of the v2 statistics extension.
    ///
    /// - Returns: The first versions of it; `maxElements` at most.
    /// - Throws: `.invalidAnswer` for what isn't such an answer.
    package static func versions(fromJSON json: JSONValue) throws(ClientError) -> [ServedStatistics] {
        guard let elements = json["model_stats"]?.elements else {
            let message = "the statistics have no list 'model_stats'; --output json shows what came"
            throw ClientError(.invalidAnswer, message)
        }
        var versions: [ServedStatistics] = []
        for element in elements.prefix(maxElements) { versions.append(try ServedStatistics(element)) }
        return versions
    }

    private init(_ json: JSONValue) throws(ClientError) {
        let times = json["inference_stats"] ?? .null
        let scheduling = json["scheduling"] ?? .null
        name = json["name"]?.text ?? ""
        version = json["version"]?.text ?? ""
        rows = try json.count("inference_count")
        runs = try json.count("execution_count")
        success = try Times(times["success"])
        fail = try Times(times["fail"])
        phases = [
            Phase(name: "queue", times: try Times(times["queue"])),
            Phase(name: "input", times: try Times(times["compute_input"])),
            Phase(name: "infer", times: try Times(times["compute_infer"])),
            Phase(name: "output", times: try Times(times["compute_output"])),
        ]
        cacheHits = try Times(times["cache_hit"]).count
        cacheMisses = try Times(times["cache_miss"]).count
        batches = try ServedStatistics.batches(json["batch_stats"]?.elements ?? [])
        inlineRuns = try scheduling.count("inline_execution_count")
        savedRuns = try scheduling.count("saved_run_count")
        age = try scheduling.count("age_ns")
        pending = try scheduling["pending_count"] == nil ? nil : scheduling.count("pending_count")
        note = scheduling["note"]?.text ?? ""
        batching = scheduling["batching"]?.text ?? ""
        threads = scheduling["threads"]?.text ?? ""
        rules = scheduling["rules"]?.text ?? ""
        batchLimit = try scheduling["batch_limit"] == nil ? nil : scheduling.count("batch_limit")
        curve = try ServedStatistics.curve(scheduling["cost_curve"]?.elements ?? [])
        instances = try Instances(scheduling["instances"])
        devices = try ServedStatistics.devices(scheduling["devices"]?.elements ?? [])
        var slowest: [SlowRequest] = []
        for element in (scheduling["slowest"]?.elements ?? []).prefix(ServedStatistics.maxElements) {
            slowest.append(try SlowRequest(element))
        }
        self.slowest = slowest
    }

    /// All sizes: the picture puts them together where they are many.
    private static func batches(_ elements: [JSONValue]) throws(ClientError) -> [Runs] {
        var result: [Runs] = []
        for element in elements {
            let count = try Times(element["compute_infer"]).count
            result.append(Runs(size: try element.count("batch_size"), count: count))
        }
        return result.filter { $0.count > 0 }.sorted { $0.size < $1.size }
    }

    private static func curve(_ elements: [JSONValue]) throws(ClientError) -> [CostPoint] {
        var result: [CostPoint] = []
        for element in elements.prefix(maxElements) {
            result.append(CostPoint(rows: try element.count("rows"), nanoseconds: try element.count("row_ns")))
        }
        return result.sorted { $0.rows < $1.rows }
    }

    private static func devices(_ elements: [JSONValue]) throws(ClientError) -> [String] {
        var result: [String] = []
        for element in elements.prefix(maxElements) {
            result.append("\(try element.count("instances")) on \(element["device"]?.text ?? "?")")
        }
        return result
    }
}

extension ServedStatistics.Times {
    /// Reads `{"count": …, "ns": …}`; nothing counts as zero.
    fileprivate init(_ json: JSONValue?) throws(ClientError) {
        count = try json?.count("count") ?? 0
        nanoseconds = try json?.count("ns") ?? 0
    }
}

extension ServedStatistics.Instances {
    fileprivate init?(_ json: JSONValue?) throws(ClientError) {
        guard let json else { return nil }
        count = try json.count("count")
        alive = try json.count("alive")
        lost = try json.count("lost")
    }
}

extension JSONValue {
    /// A member that counts something; 0 where there is none.
    ///
    /// - Throws: `.invalidAnswer` for a member that is no whole number of 64 bits, 0 or more.
    func count(_ name: String) throws(ClientError) -> UInt64 {
        guard let value = self[name] else { return 0 }
        guard case .number(let text) = value, let count = UInt64(text) else {
            let message = "the statistics' '\(name)' is no count; --output json shows what came"
            throw ClientError(.invalidAnswer, message)
        }
        return count
    }
}
