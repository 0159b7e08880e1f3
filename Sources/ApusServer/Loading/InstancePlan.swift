internal import ApusCore
internal import ApusEngine
internal import ApusModels
internal import ApusProtocol

/// How many instances of a model run on which device: `instance_group`.
struct InstancePlan: Equatable, Sendable {
    /// Instances on one device, which share a session.
    struct Place: Equatable, Sendable {
        /// Where they run.
        let device: EngineDevice
        /// How many.
        var count: Int
    }

    /// Each instance takes memory in its engine; more than this is a slip of the pen.
    static let maxInstances = 1024

    /// The devices in the order in which the configuration names them.
    private(set) var places: [Place] = []

    /// Reads a configuration; `place` is its file, for messages.
    ///
    /// A group on GPUs has `count` instances on each of its GPUs; without `gpus` that is the first one, since nobody but
    /// the engine's library knows how many there are.
    ///
    /// - Throws: `invalidConfiguration` for more instances than there can be.
    init(_ configuration: ModelConfiguration, defaultCount: Int, place: String) throws(ModelError) {
        let groups = configuration.instanceGroups
        guard !groups.isEmpty else {
            places = [Place(device: .standard, count: defaultCount)]
            return
        }
        var total = 0
        for group in groups {
            let devices = InstancePlan.devices(of: group)
            for device in devices {
                total += max(1, group.count)
                guard total <= InstancePlan.maxInstances else {
                    throw InstancePlan.tooMany(configuration, place: place)
                }
                add(max(1, group.count), on: device)
            }
        }
    }

    private mutating func add(_ count: Int, on device: EngineDevice) {
        if let index = places.firstIndex(where: { $0.device == device }) {
            places[index].count += count
        } else {
            places.append(Place(device: device, count: count))
        }
    }

    private static func devices(of group: ModelConfiguration.InstanceGroup) -> [EngineDevice] {
        switch group.kind {
        case .gpu: group.gpus.isEmpty ? [.gpu(0)] : group.gpus.map { .gpu($0) }
        // Triton's KIND_AUTO: on GPUs where some are named.
        case .auto: group.gpus.isEmpty ? [.standard] : group.gpus.map { .gpu($0) }
        case .cpu, .model: [.standard]
        }
    }

    private static func tooMany(_ configuration: ModelConfiguration, place: String) -> ModelError {
        let count = configuration.instanceGroups.reduce(0) { sum, group in
            sum + max(1, group.count) * devices(of: group).count
        }
        return ModelError(
            .invalidConfiguration,
            "\(place): instance_group asks for \(count) instances; at most \(maxInstances) are made"
        )
    }
}
