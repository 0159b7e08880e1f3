/// The labels of one series, sorted by name and escaped when they are written.
///
/// Values must come from a bounded set: model names, versions, codes. Never from what a caller sends.
package struct MetricLabels: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    private var sorted: [Label] = []

    /// No labels.
    package init() {}

    /// Labels by name; of a name that comes twice the last value counts.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// These labels and one more.
    package func with(_ name: String, _ value: String) -> MetricLabels {
        var labels = self
        labels[name] = value
        return labels
    }

    /// The value of a label; `nil` removes it.
    package subscript(name: String) -> String? {
        get { sorted.first { $0.name == name }?.value }
        set {
            let position = sorted.firstIndex { $0.name >= name } ?? sorted.endIndex
            if position < sorted.endIndex, sorted[position].name == name { sorted.remove(at: position) }
            if let newValue { sorted.insert(Label(name: name, value: newValue), at: position) }
        }
    }

    /// Writes `{name="value",…}`, or nothing when there are none.
    func write(to text: inout TextBytes) {
        guard !sorted.isEmpty else { return }
        for (position, label) in sorted.enumerated() {
            text.append(character: position == 0 ? "{" : ",")
            text.append(label.name)
            text.append("=\"")
            text.append(metricText: label.value, escapingQuotes: true)
            text.append(character: "\"")
        }
        text.append(character: "}")
    }

    /// One name and its value.
    private struct Label: Hashable {
        let name: String
        let value: String
    }
}
