internal import ApusCore

extension ModelSettings {
    /// How pictures become one of the model's inputs, as `apus.yaml` has it.
    struct Image: Sendable, Equatable {
        /// Where it stands in the file, for messages.
        let place: String
        /// The input; `nil` for the only one.
        var input: String?
        /// Pixels in a row; `nil` for what the input's shape says.
        var width: Int?
        /// Rows; `nil` for what the input's shape says.
        var height: Int?
        var layout: ImageInput.Layout?
        var color: ImageInput.Color?
        /// Taken off each value from 0 to 255: one number, or one for each channel.
        var mean: [Double]
        /// What the rest is multiplied by: one number, or one for each channel.
        var scale: [Double]

        /// The names that it may have.
        static let keys = ["input", "width", "height", "layout", "color", "mean", "scale", "std"]
        /// The longest side that a model's pictures may have.
        static let longestSide = 16_384
    }
}

extension ModelSettings.Image {
    init(_ mapping: SettingsMapping, faults: inout [ConfigurationFault]) {
        place = "\(mapping.file): \(mapping.path)"
        input = mapping.text("input", faults: &faults)
        width = mapping.integer("width", in: 1...ModelSettings.Image.longestSide, faults: &faults)
        height = mapping.integer("height", in: 1...ModelSettings.Image.longestSide, faults: &faults)
        layout = mapping.choice("layout", faults: &faults)
        color = mapping.choice("color", faults: &faults)
        mean = mapping.numbers("mean", faults: &faults) ?? [0]
        scale = mapping.numbers("scale", faults: &faults) ?? [1]
        if mapping.has("std") {
            let divisors = mapping.numbers("std", faults: &faults) ?? [1]
            if mapping.has("scale") {
                mapping.refuse(
                    "std",
                    "is there beside scale; write one of them: std divides, scale multiplies",
                    faults: &faults
                )
            }
            if divisors.contains(0) { mapping.refuse("std", "is 0, and values are divided by it", faults: &faults) }
            scale = divisors.map { $0 == 0 ? 1 : 1 / $0 }
        }
        for (name, numbers) in [("mean", mean), (mapping.has("std") ? "std" : "scale", scale)]
        where numbers.count != 1 && numbers.count != 3 {
            mapping.refuse(name, "expected one number, or one for each of three channels", faults: &faults)
        }
    }
}

extension SettingsMapping {
    /// One of an enumeration's words.
    fileprivate func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        faults: inout [ConfigurationFault]
    ) -> Choice? {
        guard let word = text(name, faults: &faults) else { return nil }
        if let choice = Choice(rawValue: word) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let nearest = words.nearest(to: word).map { "; did you mean '\($0)'?" } ?? ""
        refuse(name, "expected one of \(words.joined(separator: ", ")), not '\(word)'\(nearest)", faults: &faults)
        return nil
    }
}
