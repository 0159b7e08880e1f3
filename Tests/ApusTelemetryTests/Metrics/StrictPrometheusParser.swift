/// Reads Prometheus' text format 0.0.4 and refuses whatever the format's description doesn't allow.
///
/// Stricter than Prometheus itself where that takes what a careful writer wouldn't write: HELP and TYPE must stand
/// before a family's samples, labels must be sorted, no two series may be the same.
struct StrictPrometheusParser {
    /// What is wrong, and in which line.
    struct Fault: Error, CustomStringConvertible {
        let line: Int
        let description: String
    }

    /// One line with a value.
    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    /// All samples of a metric.
    struct Family {
        let name: String
        var help: String
        var type = ""
        var samples: [Sample] = []
    }

    private(set) var families: [Family] = []
    private var names: Set<String> = []
    private var series: Set<String> = []
    private var lineNumber = 0

    /// Reads a text.
    init(_ bytes: [UInt8]) throws(Fault) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("not UTF-8") }
        guard text.utf8.last == UInt8(ascii: "\n") else { throw fault("the last line has no line feed") }
        for line in text.unicodeScalars.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            lineNumber += 1
            let line = Array(line)
            if line.starts(with: "# HELP ".unicodeScalars) {
                try readHelp(Array(line.dropFirst(7)))
            } else if line.starts(with: "# TYPE ".unicodeScalars) {
                try readType(Array(line.dropFirst(7)))
            } else {
                try readSample(line)
            }
        }
        for family in families where family.type == "histogram" { try check(histogram: family) }
    }

    private func fault(_ description: String) -> Fault { Fault(line: lineNumber, description: description) }

    private mutating func readHelp(_ text: [Unicode.Scalar]) throws(Fault) {
        let (name, rest) = try readName(text)
        guard rest.first == " ", rest.count > 1 else { throw fault("HELP without text") }
        guard names.insert(name).inserted else { throw fault("family \(name) comes twice") }
        if let last = families.last, last.samples.isEmpty { throw fault("family \(last.name) is empty") }
        families.append(Family(name: name, help: String(String.UnicodeScalarView(rest.dropFirst()))))
    }

    private mutating func readType(_ text: [Unicode.Scalar]) throws(Fault) {
        let (name, rest) = try readName(text)
        let type = String(String.UnicodeScalarView(rest.dropFirst()))
        guard ["counter", "gauge", "histogram"].contains(type) else { throw fault("no type: \(type)") }
        guard families.last?.name == name, families.last?.type == "" else { throw fault("TYPE not behind its HELP") }
        families[families.count - 1].type = type
    }

    private mutating func readSample(_ text: [Unicode.Scalar]) throws(Fault) {
        let (name, afterName) = try readName(text)
        let (labels, rest) = try readLabels(afterName)
        guard rest.first == " ", let value = number(String(String.UnicodeScalarView(rest.dropFirst()))) else {
            throw fault("no value")
        }
        guard let family = families.last, !family.type.isEmpty else { throw fault("a sample before its TYPE") }
        let suffixes = family.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { name == family.name + $0 }) else { throw fault("\(name) in \(family.name)") }
        guard family.type == "gauge" || value >= 0 else { throw fault("a negative count") }
        let identity = name + labels.map { "\u{0}\($0.name)\u{0}\($0.value)" }.joined()
        guard series.insert(identity).inserted else { throw fault("the same series twice") }
        let byName = Dictionary(uniqueKeysWithValues: labels.map { ($0.name, $0.value) })
        families[families.count - 1].samples.append(Sample(name: name, labels: byName, value: value))
    }

    private func readName(_ text: [Unicode.Scalar]) throws(Fault) -> (String, [Unicode.Scalar]) {
        let name = text.prefix { $0 == "_" || $0 == ":" || ($0.isASCII && $0.properties.isAlphabetic) || isDigit($0) }
        guard let first = name.first, !isDigit(first) else { throw fault("no metric name") }
        return (String(String.UnicodeScalarView(name)), Array(text.dropFirst(name.count)))
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private func number(_ text: String) -> Double? {
        switch text {
        case "NaN": .nan
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case _ where text.unicodeScalars.allSatisfy { isDigit($0) || "+-.eE".unicodeScalars.contains($0) }: Double(text)
        default: nil
        }
    }

    private typealias Labels = [(name: String, value: String)]

    private func readLabels(_ text: [Unicode.Scalar]) throws(Fault) -> (Labels, [Unicode.Scalar]) {
        guard text.first == "{" else { return ([], text) }
        var labels: Labels = []
        var rest = Array(text.dropFirst())
        while true {
            let (name, afterName) = try readName(rest)
            guard !name.contains(":"), !name.hasPrefix("__") else { throw fault("no label name: \(name)") }
            guard afterName.starts(with: "=\"".unicodeScalars) else { throw fault("no label value") }
            if let last = labels.last, last.name >= name { throw fault("labels out of order") }
            let (value, afterValue) = try readValue(Array(afterName.dropFirst(2)))
            labels.append((name, value))
            rest = Array(afterValue.dropFirst())
            if afterValue.first == "}" { return (labels, rest) }
            guard afterValue.first == "," else { throw fault("labels don't end") }
        }
    }

    private func readValue(_ text: [Unicode.Scalar]) throws(Fault) -> (String, [Unicode.Scalar]) {
        var value = String.UnicodeScalarView()
        var index = 0
        while index < text.count, text[index] != "\"" {
            if text[index] == "\\" {
                index += 1
                let meanings: [Unicode.Scalar: Unicode.Scalar] = ["\\": "\\", "\"": "\"", "n": "\n"]
                guard index < text.count, let meant = meanings[text[index]] else { throw fault("no escape") }
                value.append(meant)
            } else {
                value.append(text[index])
            }
            index += 1
        }
        guard index < text.count else { throw fault("a label value doesn't end") }
        return (String(value), Array(text[(index + 1)...]))
    }

    private func check(histogram family: Family) throws(Fault) {
        var buckets: [[String: String]: [Sample]] = [:]
        for sample in family.samples where sample.name.hasSuffix("_bucket") {
            buckets[sample.labels.filter { $0.key != "le" }, default: []].append(sample)
        }
        for (labels, samples) in buckets {
            let bounds = samples.compactMap { $0.labels["le"].flatMap(number) }
            guard bounds.count == samples.count, bounds == bounds.sorted(), bounds.last == .infinity else {
                throw fault("bounds of \(family.name)")
            }
            guard samples.map(\.value) == samples.map(\.value).sorted() else { throw fault("buckets not cumulated") }
            let count = family.samples.first { $0.name == family.name + "_count" && $0.labels == labels }
            let sum = family.samples.first { $0.name == family.name + "_sum" && $0.labels == labels }
            guard sum != nil, count?.value == samples.last?.value else { throw fault("count of \(family.name)") }
        }
    }
}
