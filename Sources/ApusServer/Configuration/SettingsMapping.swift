internal import ApusCore
internal import Yams

/// A mapping in a YAML file, read member by member; what is wrong with it is collected, not thrown.
///
/// Members that nobody knows are found when it is opened, with the name that was probably meant.
struct SettingsMapping {
    /// The file's path, for messages.
    let file: String
    /// Where the mapping stands in the file: dotted names, empty for the whole.
    let path: String
    private let members: [String: Node]

    /// Opens a node that ought to be a mapping.
    ///
    /// - Parameters:
    ///   - node: What was parsed; `nil` and an empty document are an empty mapping.
    ///   - file: The file's path.
    ///   - path: Where the node stands.
    ///   - known: The names that it may have.
    ///   - faults: Takes what is wrong.
    init(_ node: Node?, file: String, path: String = "", known: [String], faults: inout [ConfigurationFault]) {
        self.file = file
        self.path = path
        var members: [String: Node] = [:]
        if let node, let mapping = node.mapping {
            for (key, value) in mapping {
                let name = key.string ?? "?"
                guard known.contains(name) else {
                    let nearest = known.nearest(to: name)
                    let hint = nearest.map { "did you mean '\($0)'?" } ?? "known here: \(known.joined(separator: ", "))"
                    faults.append(SettingsMapping.fault("unknown key; \(hint)", file, path, name, at: key))
                    continue
                }
                members[name] = value
            }
        } else if let node, node.null == nil {
            faults.append(SettingsMapping.fault("expected 'key: value' lines", file, path, "", at: node))
        }
        self.members = members
    }

    /// Whether a member is written.
    func has(_ name: String) -> Bool { members[name] != nil }

    /// A member as text; `nil` when it isn't written or wrong.
    func text(_ name: String, faults: inout [ConfigurationFault]) -> String? {
        value(name, "text", faults: &faults) { $0.scalar?.string }
    }

    /// A truth value.
    func boolean(_ name: String, faults: inout [ConfigurationFault]) -> Bool? {
        value(name, "true or false", faults: &faults) { $0.scalar.flatMap { SettingParsing.boolean($0.string) } }
    }

    /// A time in nanoseconds.
    func nanoseconds(_ name: String, faults: inout [ConfigurationFault]) -> Int64? {
        value(name, "a time with its unit, for example 20ms", faults: &faults) {
            $0.scalar.flatMap { SettingParsing.nanoseconds($0.string) }
        }
    }

    /// A number of bytes.
    func byteCount(_ name: String, faults: inout [ConfigurationFault]) -> Int? {
        value(name, "a number of bytes, for example 64MiB", faults: &faults) {
            $0.scalar.flatMap { SettingParsing.byteCount($0.string) }
        }
    }

    /// A whole number within bounds.
    func integer(_ name: String, in bounds: ClosedRange<Int>, faults: inout [ConfigurationFault]) -> Int? {
        value(name, "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)", faults: &faults) {
            $0.scalar.flatMap { Int($0.string) }.flatMap { bounds.contains($0) ? $0 : nil }
        }
    }

    /// A list of whole numbers within bounds.
    func integers(_ name: String, in bounds: ClosedRange<Int>, faults: inout [ConfigurationFault]) -> [Int]? {
        value(name, "a list of whole numbers from \(bounds.lowerBound) to \(bounds.upperBound)", faults: &faults) {
            guard let sequence = $0.sequence else { return nil }
            let numbers = sequence.compactMap { $0.scalar.flatMap { Int($0.string) } }.filter(bounds.contains)
            return numbers.count == sequence.count ? numbers : nil
        }
    }

    /// Finite numbers and fractions such as `1/255`: one alone, or a list.
    func numbers(_ name: String, faults: inout [ConfigurationFault]) -> [Double]? {
        value(name, "a number, a fraction such as 1/255, or a list of them", faults: &faults) { node in
            guard let sequence = node.sequence else {
                return node.scalar.flatMap { SettingParsing.number($0.string) }.map { [$0] }
            }
            let numbers = sequence.compactMap { $0.scalar.flatMap { SettingParsing.number($0.string) } }
            return numbers.count == sequence.count ? numbers : nil
        }
    }

    /// Text by text, for example names mapped to names.
    func texts(_ name: String, faults: inout [ConfigurationFault]) -> [String: String]? {
        pairs(name, faults: &faults).map { Dictionary($0, uniquingKeysWith: { $1 }) }
    }

    /// Text by text, in the order of the file.
    func pairs(_ name: String, faults: inout [ConfigurationFault]) -> [(String, String)]? {
        value(name, "'name: text' lines", faults: &faults) {
            guard let mapping = $0.mapping else { return nil }
            var pairs: [(String, String)] = []
            for (key, value) in mapping {
                guard let key = key.string, let text = value.scalar?.string else { return nil }
                pairs.append((key, text))
            }
            return pairs
        }
    }

    /// A list of texts.
    func list(_ name: String, faults: inout [ConfigurationFault]) -> [String]? {
        value(name, "a list of texts", faults: &faults) {
            guard let sequence = $0.sequence else { return nil }
            let texts = sequence.compactMap { $0.scalar?.string }
            return texts.count == sequence.count ? texts : nil
        }
    }

    /// A mapping within this one; `nil` when it isn't written.
    func mapping(_ name: String, known: [String], faults: inout [ConfigurationFault]) -> SettingsMapping? {
        members[name].map {
            SettingsMapping($0, file: file, path: SettingsMapping.join(path, name), known: known, faults: &faults)
        }
    }

    /// Mappings by names that are the user's own, sorted; none when it isn't written.
    func entries(
        _ name: String,
        known: [String],
        faults: inout [ConfigurationFault]
    ) -> [(name: String, mapping: SettingsMapping)] {
        let nodes = value(name, "names with 'key: value' lines", faults: &faults) { $0.mapping.map { Array($0) } }
        guard let nodes else { return [] }
        return nodes.map { (key, node) in
            let key = key.string ?? "?"
            let place = SettingsMapping.join(SettingsMapping.join(path, name), key)
            return (key, SettingsMapping(node, file: file, path: place, known: known, faults: &faults))
        }
        .sorted { $0.name < $1.name }
    }

    /// A list of mappings; `nil` when it isn't written or no list.
    func mappings(_ name: String, known: [String], faults: inout [ConfigurationFault]) -> [SettingsMapping]? {
        let nodes = value(name, "a list", faults: &faults) { $0.sequence.map(Array.init) }
        guard let nodes else { return nil }
        var mappings: [SettingsMapping] = []
        for (index, node) in nodes.enumerated() {
            let place = "\(SettingsMapping.join(path, name))[\(index)]"
            mappings.append(SettingsMapping(node, file: file, path: place, known: known, faults: &faults))
        }
        return mappings
    }

    /// Notes that a member can't be as it is.
    func refuse(_ name: String, _ message: String, faults: inout [ConfigurationFault]) {
        faults.append(SettingsMapping.fault(message, file, path, name, at: members[name]))
    }

    private func value<Value>(
        _ name: String,
        _ expected: String,
        faults: inout [ConfigurationFault],
        _ read: (Node) -> Value?
    ) -> Value? {
        guard let node = members[name] else { return nil }
        if let value = read(node) { return value }
        let got = node.scalar.map { "'\($0.string)'" } ?? (node.mapping != nil ? "a mapping" : "a list")
        faults.append(SettingsMapping.fault("expected \(expected), not \(got)", file, path, name, at: node))
        return nil
    }

    private static func fault(
        _ message: String,
        _ file: String,
        _ path: String,
        _ name: String,
        at node: Node?
    ) -> ConfigurationFault {
        let line = node?.mark.map { ":\($0.line)" } ?? ""
        let key = join(path, name)
        return ConfigurationFault(source: file + line, key: key.isEmpty ? "-" : key, message: message)
    }

    private static func join(_ path: String, _ name: String) -> String {
        if path.isEmpty { return name }
        return name.isEmpty ? path : "\(path).\(name)"
    }
}
