import Testing

struct StrictPrometheusParserTests {
    @Test(arguments: [
        "a 1\n", "# HELP a b\n# TYPE a counter\na 1", "# HELP a b\n# TYPE a counter\na -1\n",
        "# HELP a b\n# TYPE a counter\na 1\na 1\n", "# HELP a b\n# TYPE a counter\na{x=\"1\" 1\n",
        "# HELP a b\n# TYPE a counter\na{x=\"\\q\"} 1\n", "# HELP a b\n# TYPE a counter\na{y=\"\",x=\"\"} 1\n",
        "# HELP a b\n# TYPE a counter\na 1\n# HELP a b\n# TYPE a counter\na{x=\"\"} 1\n",
        "# HELP a b\n# TYPE a gauge\na 0x1\n", "# HELP a b\n# TYPE a gauge\na inf\n",
        "# HELP a b\n# TYPE a gauge\nb 1\n", "# HELP a b\n# TYPE a gauge\n\na 1\n",
        "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
        "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
    ])
    func `a text that breaks a rule is refused`(text: String) {
        #expect(throws: StrictPrometheusParser.Fault.self) { try StrictPrometheusParser(Array(text.utf8)) }
    }

    @Test func `a correct text is read`() throws {
        let text = "# HELP a b\n# TYPE a gauge\na{x=\"1\\n\\\"\\\\\"} +Inf\n"
        let families = try StrictPrometheusParser(Array(text.utf8)).families
        #expect(families.count == 1)
        #expect(families.first?.samples == [.init(name: "a", labels: ["x": "1\n\"\\"], value: .infinity)])
    }
}
