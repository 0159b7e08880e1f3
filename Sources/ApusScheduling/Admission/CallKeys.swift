internal import ApusCore

/// What the scheduler goes by when it compares calls: whose costs differ, and who may share a run.
///
/// Nobody outside of the process can make two calls collide: what decides whether a call runs on an event loop must not
/// be something that a caller can forge. A collision of buckets by chance is found out before the run.
struct CallKeys: Hashable, Sendable {
    /// More rows than this are no batch that anybody would take apart.
    static let maxRows = 1 << 20

    /// Equal for calls whose inputs have the same sizes.
    ///
    /// The size of strings isn't in their shape, so the order of magnitude of their bytes counts as if it were.
    let shape: UInt64
    /// Equal for calls that agree in everything but the number of rows.
    let bucket: UInt64
    /// Items in the call: the first dimension that all its inputs share; 1 when it runs alone.
    let rows: Int
    /// Whether it has no rows that could be told apart: first dimensions that differ, or none, or an empty input.
    let isAlone: Bool

    /// Looks at a call.
    init(_ call: ValidatedCall) {
        var shape = Self.start
        var bucket = Self.start
        var rows: Int?
        var hasRows = true
        for index in call.inputs.indices {
            guard let input = call.inputs[index] else {
                Self.mix(0xfe, into: &shape)
                Self.mix(0xfe, into: &bucket)
                continue
            }
            for axis in 0..<input.shape.rank {
                let size = UInt64(bitPattern: Int64(input.shape[axis]))
                Self.mix(size, into: &shape)
                if axis > 0 { Self.mix(size, into: &bucket) }
            }
            let first = input.shape.first ?? 0
            hasRows = hasRows && input.shape.elementCount > 0 && first == rows ?? first
            rows = first
            if input.dataType == .bytes { Self.mix(Self.magnitude(of: input), into: &shape) }
            Self.mix(0xff, into: &shape)
            Self.mix(0xff, into: &bucket)
        }
        for output in call.outputs { Self.mix(UInt64(output), into: &bucket) }
        let count = rows ?? 0
        let isJoinable = hasRows && (1...Self.maxRows).contains(count)
        self.shape = shape
        self.bucket = isJoinable ? bucket : shape
        self.rows = isJoinable ? count : 1
        self.isAlone = !isJoinable
    }

    /// What nobody outside of this process knows.
    private static let start = UInt64.random(in: .min ... .max)
    private static let factor = UInt64.random(in: .min ... .max) | 1

    private static func magnitude(of tensor: Tensor) -> UInt64 {
        UInt64(Int.bitWidth - tensor.storage.byteCount.leadingZeroBitCount)
    }

    /// One step: a full product folded in half, as in wyhash, by a secret factor.
    private static func mix(_ value: UInt64, into key: inout UInt64) {
        let product = (key ^ value).multipliedFullWidth(by: factor)
        key = product.high ^ product.low &+ start
    }
}
