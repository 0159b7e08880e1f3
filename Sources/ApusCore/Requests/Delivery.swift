/// Something on its way from an engine thread to a sink's lane.
package protocol Delivery: AnyObject, Sendable {
    /// Where it is to be carried out.
    var lane: any CompletionLane { get }
    /// Tells the sink; called once, on the lane.
    func carryOut()
}
