internal import ApusCore

/// Two numbers that tell calls apart: those whose costs differ, and those that must not share a run.
///
/// Collisions do no harm: one misleads a measurement, the other is found out before the run.
struct CallKeys: Hashable, Sendable {
    /// Equal for calls whose inputs have the same sizes.
    ///
    /// The size of strings isn't in their shape, so the order of magnitude of their bytes counts as if it were.
    let shape: UInt64
    /// Equal for calls that agree in everything but the number of rows.
    let bucket: UInt64

    /// Looks at a call.
    init(_ call: ValidatedCall) {
        var shape = Self.start
        var bucket = Self.start
        for index in call.inputs.indices {
            for axis in 0..<(call.inputs[index]?.shape.rank ?? 0) {
                let size = UInt64(bitPattern: Int64(call.inputs[index]?.shape.dimensions[axis] ?? 0))
                Self.mix(size, into: &shape)
                if axis > 0 { Self.mix(size, into: &bucket) }
            }
            if let input = call.inputs[index], input.dataType == .bytes {
                Self.mix(UInt64(Int.bitWidth - input.storage.byteCount.leadingZeroBitCount), into: &shape)
            }
            Self.mix(call.inputs[index] == nil ? 0xfe : 0xff, into: &shape)
            Self.mix(call.inputs[index] == nil ? 0xfe : 0xff, into: &bucket)
        }
        for output in call.outputs { Self.mix(UInt64(output), into: &bucket) }
        self.shape = shape
        self.bucket = bucket
    }

    private static let start: UInt64 = 0xcbf2_9ce4_8422_2325

    /// One step of FNV-1a.
    private static func mix(_ value: UInt64, into key: inout UInt64) {
        key = (key ^ value) &* 0x100_0000_01b3
    }
}
