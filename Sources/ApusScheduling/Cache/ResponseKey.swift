internal import ApusCore

/// What an answer is remembered under: a loaded version and a digest of everything that can change its answer.
///
/// The digest stands for the inputs' bytes, which are not kept; see docs/decisions/0006-response-cache.md for why no
/// caller can bring about a collision.
struct ResponseKey: Hashable, Sendable {
    /// A number for each time that a version was loaded: what a version answered before it was loaded anew is not asked.
    let owner: UInt64
    private let low: UInt64
    private let high: UInt64

    /// Puts a key together.
    init(owner: UInt64, digest: (low: UInt64, high: UInt64)) {
        self.owner = owner
        self.low = digest.low
        self.high = digest.high
    }

    /// Digests a call: types, shapes and bytes of its inputs in the model's order, its outputs and its parameters.
    ///
    /// Id, priority, deadline and caller change nothing about an answer and have no part in it.
    init(owner: UInt64, call: ValidatedCall, parameters: [String: ParameterValue], secret: SipHash128.Key) {
        var hash = SipHash128(key: secret)
        for input in call.inputs {
            guard let input else {
                hash.combine(.max)
                continue
            }
            hash.combine(input)
        }
        hash.combine(UInt64(call.outputs.count))
        for output in call.outputs { hash.combine(UInt64(output)) }
        hash.combine(UInt64(parameters.count))
        if !parameters.isEmpty {
            for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
                hash.combine(framed: name)
                hash.combine(value)
            }
        }
        self.init(owner: owner, digest: hash.finish())
    }

    /// The digest is as good as random, so one word of it is enough for a table.
    func hash(into hasher: inout Hasher) {
        hasher.combine(low)
    }
}

extension SipHash128 {
    /// Takes a tensor; each part is of fixed length or has its length in front.
    fileprivate mutating func combine(_ tensor: Tensor) {
        combine(tensor.dataType.number)
        combine(UInt64(tensor.shape.rank))
        for axis in 0..<tensor.shape.rank { combine(UInt64(tensor.shape[axis])) }
        combine(framed: tensor.storage.bytes)
    }

    /// Takes a parameter's kind and value.
    fileprivate mutating func combine(_ value: ParameterValue) {
        switch value {
        case .bool(let bool):
            combine(1)
            combine(bool ? 1 : 0)
        case .int(let number):
            combine(2)
            combine(UInt64(bitPattern: number))
        case .uint(let number):
            combine(3)
            combine(number)
        case .double(let number):
            combine(4)
            combine(number.bitPattern)
        case .string(let text):
            combine(5)
            combine(framed: text)
        }
    }
}

extension DataType {
    /// A number of its own for each type; `UInt64.max` stands for an input left out.
    fileprivate var number: UInt64 {
        switch self {
        case .bool: 0
        case .uint8: 1
        case .uint16: 2
        case .uint32: 3
        case .uint64: 4
        case .int8: 5
        case .int16: 6
        case .int32: 7
        case .int64: 8
        case .fp16: 9
        case .bf16: 10
        case .fp32: 11
        case .fp64: 12
        case .bytes: 13
        }
    }
}
