/// The device that a session computes on.
package enum EngineDevice: Hashable, Sendable, CustomStringConvertible {
    /// Where the engine and the model's parameters say: the ordinary processor, as a rule.
    case standard
    /// A GPU, by its number in the system.
    case gpu(Int)

    package var description: String {
        switch self {
        case .standard: "default"
        case .gpu(let number): "GPU \(number)"
        }
    }
}
