/// An execution provider that a model asks for, with its options.
struct ExecutionProvider: Hashable {
    /// The name of the ordinary processor's provider, which is always there.
    static let cpu = "CPUExecutionProvider"
    /// The name of the provider for NVIDIA devices.
    static let cuda = "CUDAExecutionProvider"

    /// Those that run on a GPU and take its number as the option `device_id`.
    static let gpu: Set<String> = [
        cuda, "TensorrtExecutionProvider", "ROCMExecutionProvider", "MIGraphXExecutionProvider",
    ]

    /// The library's full name, for example `CUDAExecutionProvider`.
    let name: String
    /// Options, by their names in the library.
    var options: [String: String]

    /// The name without its ending, as older libraries want it.
    var shortName: String {
        let ending = "ExecutionProvider"
        return name.hasSuffix(ending) ? String(name.dropLast(ending.count)) : name
    }
}
