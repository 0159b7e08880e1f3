package import ApusCore

/// What the values of one input must be, beyond their type and shape.
///
/// Checked in one pass over the input's elements.
package struct InputRule: Sendable, Equatable {
    /// The input's name.
    package let input: String
    /// The input's element type; another one is refused elsewhere, so that nothing is checked then.
    package let dataType: DataType
    /// What numbers must lie in, both ends included; `nil` for any, not-a-number included.
    package var range: ClosedRange<Double>?
    /// Sizes that the last dimension may have; empty for any.
    package var channels: [Int] = []
    /// What texts must be; `nil` for anything.
    package var text: TextRule?

    /// Rules for an input; none yet.
    package init(input: String, dataType: DataType) {
        self.input = input
        self.dataType = dataType
    }

    /// What a tensor breaks.
    struct Violation: Equatable {
        /// The element at fault in row-major order; `nil` when it is the shape.
        let element: Int?
        /// The rule, for example `at most 150`.
        let rule: String
        /// What came.
        let got: String
    }

    /// Looks for the first thing in a tensor that breaks the rules; `nil` when nothing does.
    func violation(in tensor: Tensor) -> Violation? {
        guard tensor.dataType == dataType else { return nil }
        if !channels.isEmpty {
            let size = tensor.shape.last
            guard let size, channels.contains(size) else {
                let words = channels.map(String.init).joined(separator: ", ")
                return Violation(
                    element: nil,
                    rule: "a last dimension (channels) of \(words)",
                    got: size.map(String.init) ?? "none"
                )
            }
        }
        if let range { return numberViolation(in: tensor, range: range) }
        return text?.violation(in: tensor)
    }

    /// The error for a violation.
    func error(for violation: Violation, in shape: TensorShape) -> InferenceError {
        let place = input + (violation.element.map { InputRule.index(of: $0, in: shape) } ?? "")
        return InferenceError(
            .invalidArgument,
            "input '\(place)' breaks a rule of the model's apus.yaml: expected \(violation.rule), got \(violation.got)",
            field: place,
            expected: violation.rule,
            got: violation.got
        )
    }

    /// An element's place, for example `[0][3]`.
    private static func index(of element: Int, in shape: TensorShape) -> String {
        var rest = element
        var indices: [Int] = []
        for size in shape.dimensions.reversed() where size > 0 {
            indices.append(rest % size)
            rest /= size
        }
        return indices.reversed().map { "[\($0)]" }.joined()
    }
}
