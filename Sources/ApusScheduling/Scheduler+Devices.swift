package import ApusCore
package import ApusEngine

extension Scheduler {
    /// Instances of a model on one device.
    package struct Placement: Sendable {
        /// The model, opened on this device.
        package let session: any EngineSession
        /// Which device.
        package let device: EngineDevice
        /// How many instances.
        package let count: Int

        /// Puts at least one instance on a device.
        package init(session: any EngineSession, device: EngineDevice = .standard, count: Int) {
            self.session = session
            self.device = device
            self.count = max(1, count)
        }

        var share: ModelStatistics.DeviceShare {
            ModelStatistics.DeviceShare(device: device.description, instances: count)
        }
    }

    /// Makes the instances of one session.
    ///
    /// - Throws: What the engine reports.
    package convenience init(
        description: ModelDescription,
        session: any EngineSession,
        pool: EngineThreadPool,
        time: any TimeSource,
        configuration: Configuration
    ) throws(EngineError) {
        try self.init(
            description: description,
            placements: [Placement(session: session, count: configuration.instances)],
            pool: pool,
            time: time,
            configuration: configuration
        )
    }

    /// The threads that run an instance: its model's own where it blocks on a device, so that a thread that waits for a
    /// device keeps no core from a model that computes on it.
    func threads(of instance: Int) -> EngineThreadPool { pools[instance] }

    /// The threads of each instance: `shared`, or one more for each instance on a device.
    ///
    /// - Throws: `EngineError.Code.other` when the system gives no thread.
    static func makePools(
        _ placements: [Placement],
        shared: EngineThreadPool
    ) throws(EngineError) -> [EngineThreadPool] {
        let count = placements.filter { $0.device != .standard }.reduce(0) { $0 + $1.count }
        var devicePool = shared
        if count > 0 {
            do throws(RuntimeFailure) {
                devicePool = try EngineThreadPool(threadCount: count, wakingBy: nil, startThread: EngineThread.start)
            } catch {
                throw EngineError(.other, "no threads for the model's devices: \(error.message)", cause: error)
            }
        }
        return placements.flatMap { placement in
            Array(repeating: placement.device == .standard ? shared : devicePool, count: placement.count)
        }
    }
}
