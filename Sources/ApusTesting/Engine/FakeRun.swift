package import ApusCore
package import ApusEngine

/// One call of a fake instance, as it was made.
package struct FakeRun: Sendable {
    /// The instance's place among those of its session.
    package let instance: Int
    /// The inputs that came.
    package let inputs: [Tensor?]
    /// The outputs that were asked for.
    package let outputs: [Int]

    /// What a fake session computes when nobody says otherwise: each output is the input at the same place, or the last.
    ///
    /// - Throws: `invalidInput` when that input was left out.
    package static func identity(_ run: FakeRun) throws(EngineError) -> [Tensor] {
        var tensors: [Tensor] = []
        for output in run.outputs {
            guard let tensor = run.inputs[min(output, run.inputs.count - 1)] else {
                throw EngineError(.invalidInput, "the fake model has nothing to give for output \(output)")
            }
            tensors.append(tensor)
        }
        return tensors
    }

    /// Takes processor time, the same for each call: about a nanosecond a step in a release build, ten in a debug build.
    package static func spend(steps: Int) {
        var value: UInt64 = 1
        for _ in 0..<steps { value = value &* 6_364_136_223_846_793_005 &+ 1 }
        withExtendedLifetime(value) {}
    }
}
