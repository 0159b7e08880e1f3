package import ApusEngine

/// Something that befell a model's instances and that an operator should read in the log.
package enum SchedulerEvent: Sendable {
    /// An instance is lost; a new one is being made.
    case instanceLost(instance: Int, EngineError)
    /// A lost instance has been made anew.
    case instanceMade(instance: Int)
    /// A lost instance could not be made anew; it is tried again later.
    case instanceNotMade(instance: Int, EngineError)
    /// Two instances were lost with this request: others of its content are refused for a while.
    case requestConfined(id: String, hash: Int)
}
