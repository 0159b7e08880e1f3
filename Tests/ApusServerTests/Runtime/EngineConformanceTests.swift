import ApusBuiltin
import ApusCore
import ApusEngine
import ApusTesting
import Testing

/// The engines that come with the server do what every engine must.
struct EngineConformanceTests {
    private func model(_ parameters: [String: String]) -> EngineConformance.Model {
        var options = SessionOptions(modelName: "m", parameters: parameters)
        options.configuredInputs = [
            TensorSpecification(name: "a", dataType: .fp32, shape: [-1]),
            TensorSpecification(name: "b", dataType: .bytes, shape: [-1]),
        ]
        options.configuredOutputs = [
            TensorSpecification(name: "x", dataType: .fp32, shape: [-1]),
            TensorSpecification(name: "y", dataType: .bytes, shape: [-1]),
        ]
        return EngineConformance.Model(
            source: .none,
            options: options,
            inputs: [Tensor(floats: [1, 2]), Tensor(texts: ["p", ""])]
        )
    }

    @Test func `the built-in engine conforms`() throws {
        let conformance = EngineConformance(of: BuiltinEngine(), with: model(["kind": "identity"]))
        try conformance.checkAll()
        try conformance.checkTermination(of: model(["kind": "delay", "execute_delay_ms": "3600000"]))
    }
}
