extension ModelConfiguration {
    /// How the engine is to run the model.
    package struct Optimization: Sendable, Equatable {
        /// A library that the engine may hand parts of the graph to.
        package struct Accelerator: Sendable, Equatable {
            /// The name of the library, such as `openvino`.
            package let name: String

            /// Settings for it.
            package let parameters: [String: String]
        }

        /// How the model stands to others on the same hardware.
        package enum Priority: Int32, Sendable {
            /// As others.
            case standard = 0
            /// Before others.
            case max = 1
            /// Behind others.
            case min = 2
        }

        /// How the model stands to others.
        package let priority: Priority

        /// How eagerly the engine rewrites the graph; nil when the file says nothing.
        package let graphLevel: Int?

        /// Libraries for the CPU, best first.
        package let cpuAccelerators: [Accelerator]

        /// Libraries for GPUs, best first.
        package let gpuAccelerators: [Accelerator]

        /// Reads the properties out of a message of the schema `modelOptimizationPolicy`, if there is one.
        init(message: ModelConfigurationMessage?) {
            let written = message?.enumeration("priority").flatMap { Priority(rawValue: $0.number) }
            priority = written ?? .standard
            graphLevel = (message?.message("graph")?.signed("level")).map { Int($0) }
            let accelerators = message?.message("execution_accelerators")
            cpuAccelerators = Self.accelerators(accelerators, "cpu_execution_accelerator")
            gpuAccelerators = Self.accelerators(accelerators, "gpu_execution_accelerator")
        }

        /// Reads one list of libraries.
        private static func accelerators(_ message: ModelConfigurationMessage?, _ field: String) -> [Accelerator] {
            (message?.messages(field) ?? []).map {
                Accelerator(name: $0.string("name"), parameters: $0.stringMap("parameters"))
            }
        }
    }
}
