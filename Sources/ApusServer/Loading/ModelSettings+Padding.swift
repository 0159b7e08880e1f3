internal import ApusScheduling

extension ModelSettings.Scheduling {
    /// An input of variable length that is filled up.
    struct Pad: Sendable, Equatable {
        /// Its name.
        var input: String
        /// Which of its dimensions.
        var axis: Int
        /// What it is filled up to, ascending.
        var sizes: [Int]
        /// What it is filled with, as it is written: its type is known when the model is loaded.
        var value = "0"
        /// Outputs whose dimension is as long as the input.
        var outputs: [String: Int] = [:]
    }

    /// The longest that an input can be filled up to.
    static let longest = 1 << 20

    /// Reads `allowed_batch_sizes`; empty when it isn't written or wrong.
    static func sizes(_ written: SettingsMapping, faults: inout [ConfigurationFault]) -> [Int] {
        sizes("allowed_batch_sizes", in: written, upTo: AllowedSizes.largest, faults: &faults) ?? []
    }

    /// Reads `pad`; without the entries that are wrong.
    static func pads(_ written: SettingsMapping, faults: inout [ConfigurationFault]) -> [Pad] {
        let known = ["input", "axis", "sizes", "value", "outputs"]
        let entries = written.mappings("pad", known: known, faults: &faults) ?? []
        return entries.compactMap { entry in
            for name in ["input", "axis", "sizes"] where !entry.has(name) {
                entry.refuse(name, "is missing; an entry needs input, axis and sizes", faults: &faults)
            }
            let axes = 1...31
            let input = entry.text("input", faults: &faults)
            let axis = entry.integer("axis", in: axes, faults: &faults)
            let sizes = sizes("sizes", in: entry, upTo: longest, faults: &faults)
            let value = entry.text("value", faults: &faults) ?? "0"
            var outputs: [String: Int] = [:]
            for (name, text) in entry.pairs("outputs", faults: &faults) ?? [] {
                outputs[name] = Int(text)
                if outputs[name].map(axes.contains) != true {
                    entry.refuse(
                        "outputs",
                        "expected a dimension from 1 to 31 for '\(name)', not '\(text)'",
                        faults: &faults
                    )
                }
            }
            guard let input, let axis, let sizes else { return nil }
            return Pad(input: input, axis: axis, sizes: sizes, value: value, outputs: outputs)
        }
    }

    private static func sizes(
        _ name: String,
        in written: SettingsMapping,
        upTo largest: Int,
        faults: inout [ConfigurationFault]
    ) -> [Int]? {
        guard let sizes = written.integers(name, in: 1...largest, faults: &faults) else { return nil }
        guard !sizes.isEmpty, zip(sizes, sizes.dropFirst()).allSatisfy({ $0 < $1 }) else {
            written.refuse(
                name,
                "expected at least one size, each larger than the one before, for example [1, 4, 16]",
                faults: &faults
            )
            return nil
        }
        return sizes
    }
}
