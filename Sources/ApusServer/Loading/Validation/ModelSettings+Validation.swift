internal import ApusCore
internal import ApusScheduling

extension ModelSettings {
    /// What one input's values must be, as `apus.yaml` has it.
    struct InputValidation: Sendable, Equatable {
        /// Rules that belong together.
        enum Preset: String, CaseIterable {
            case image
            case text
            case numeric
        }

        /// The input's name.
        let input: String
        /// Where it stands in the file, for messages.
        let place: String
        var preset: Preset?
        var least: Double?
        var most: Double?
        var isFinite: Bool?
        var shortest: Int?
        var longest: Int?
        var allowed: ScalarSet?
        var forbidden: ScalarSet?
        /// `false` when `forbidden: ""` takes the preset's away.
        var hasForbidden: Bool?
        var channels: [Int]?

        /// The names of its rules.
        static let keys = [
            "preset", "min", "max", "finite", "min_length", "max_length", "allowed", "forbidden", "channels",
        ]

        /// What was written besides the preset.
        var written: [String] = []
    }
}

extension ModelSettings.InputValidation {
    init(_ input: String, _ mapping: SettingsMapping, faults: inout [ConfigurationFault]) {
        self.input = input
        self.place = "\(mapping.file): \(mapping.path)"
        written = ModelSettings.InputValidation.keys.filter { $0 != "preset" && mapping.has($0) }
        if let word = mapping.text("preset", faults: &faults) {
            preset = Preset(rawValue: word)
            if preset == nil {
                let words = Preset.allCases.map(\.rawValue).joined(separator: ", ")
                let nearest = Preset.allCases.map(\.rawValue).nearest(to: word).map { "; did you mean '\($0)'?" } ?? ""
                mapping.refuse("preset", "expected one of \(words), not '\(word)'\(nearest)", faults: &faults)
            }
        }
        least = mapping.number("min", faults: &faults)
        most = mapping.number("max", faults: &faults)
        if let least, let most, least > most {
            mapping.refuse("min", "is above max, so that no value could pass", faults: &faults)
        }
        isFinite = mapping.boolean("finite", faults: &faults)
        shortest = mapping.integer("min_length", in: 0...1 << 30, faults: &faults)
        longest = mapping.integer("max_length", in: 0...1 << 30, faults: &faults)
        if let shortest, let longest, shortest > longest {
            mapping.refuse("min_length", "is above max_length, so that no text could pass", faults: &faults)
        }
        readCharacters(mapping, faults: &faults)
        channels = mapping.integers("channels", in: 1...65_536, faults: &faults)
        if channels?.isEmpty == true {
            mapping.refuse("channels", "expected at least one size, for example [1, 3]", faults: &faults)
        }
    }

    private mutating func readCharacters(_ mapping: SettingsMapping, faults: inout [ConfigurationFault]) {
        let words = "expected characters and ranges such as 'A-Za-z0-9 _-'"
        if let text = mapping.text("allowed", faults: &faults) {
            allowed = ScalarSet(text)
            if allowed == nil { mapping.refuse("allowed", "\(words), not '\(text)'", faults: &faults) }
        }
        if let text = mapping.text("forbidden", faults: &faults) {
            hasForbidden = !text.isEmpty
            forbidden = ScalarSet(text)
            if forbidden == nil, !text.isEmpty {
                mapping.refuse("forbidden", "\(words), not '\(text)'", faults: &faults)
            }
        }
    }
}

extension SettingsMapping {
    /// A finite number.
    fileprivate func number(_ name: String, faults: inout [ConfigurationFault]) -> Double? {
        guard let text = text(name, faults: &faults) else { return nil }
        guard let number = Double(text), number.isFinite else {
            refuse(name, "expected a number, not '\(text)'", faults: &faults)
            return nil
        }
        return number
    }
}
