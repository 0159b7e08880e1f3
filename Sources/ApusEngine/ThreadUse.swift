/// Which threads a session's runs compute on, where the model's parameters leave it open.
package enum ThreadUse: Sendable {
    /// The calling thread and those that the engine shares between all models: one run may use every core.
    case shared
    /// The calling thread alone: as many runs side by side as there are cores, none with the cost of dividing work.
    case caller
}
