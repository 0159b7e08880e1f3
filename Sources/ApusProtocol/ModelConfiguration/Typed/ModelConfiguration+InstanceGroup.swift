extension ModelConfiguration {
    /// Parallel copies of a loaded version on one kind of device.
    package struct InstanceGroup: Sendable, Equatable {
        /// What the copies run on.
        package enum Kind: Int32, Sendable {
            /// On GPUs when there are any, else on the CPU.
            case auto = 0
            /// On GPUs.
            case gpu = 1
            /// On the CPU.
            case cpu = 2
            /// Where the engine decides.
            case model = 3
        }

        /// The name of the group; empty for `<model>_<index>`.
        package let name: String

        /// What the copies run on.
        package let kind: Kind

        /// How many copies, for each GPU if on GPUs; one when the file says nothing.
        package let count: Int

        /// The GPUs; empty for all.
        package let gpus: [Int]

        /// Whether no requests go to it.
        package let isPassive: Bool

        /// Settings of the host to apply; empty for those of the device.
        package let hostPolicy: String

        /// Reads the properties out of a message of the schema `modelInstanceGroup`.
        init(message: ModelConfigurationMessage) {
            name = message.string("name")
            kind = message.enumeration("kind").flatMap { Kind(rawValue: $0.number) } ?? .auto
            let written = Int(message.signed("count"))
            count = written == 0 ? 1 : written
            gpus = message.signedNumbers("gpus").map { Int($0) }
            isPassive = message.boolean("passive")
            hostPolicy = message.string("host_policy")
        }
    }
}
