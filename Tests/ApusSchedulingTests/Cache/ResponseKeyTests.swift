import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct ResponseKeyTests {
    private static let secret = SipHash128.Key(1, 2)

    private func key(
        _ inputs: [Tensor?],
        outputs: [Int] = [0],
        parameters: [String: ParameterValue] = [:],
        owner: UInt64 = 1,
        secret: SipHash128.Key = ResponseKeyTests.secret
    ) -> ResponseKey {
        let call = ValidatedCall(inputs: inputs, outputs: outputs, batchSize: 1)
        return ResponseKey(owner: owner, call: call, parameters: parameters, secret: secret)
    }

    /// Vectors of the reference implementation: `vectors_sip128` of https://github.com/veorq/SipHash.
    @Test func `the hash is SipHash-2-4 with 128 bits`() {
        let secret = SipHash128.Key(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        let empty = SipHash128(key: secret).finish()
        #expect(empty == (0xe6a8_25ba_047f_81a3, 0x9302_55c7_1472_f66d))
        let one = SipHash128(key: secret).finish(tail: [0])
        #expect(one == (0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634))
        var hash = SipHash128(key: secret)
        hash.combine(0x0706_0504_0302_0100)
        let fifteen = hash.finish(tail: [8, 9, 10, 11, 12, 13, 14])
        #expect(fifteen == (0x11a8_b033_99e9_9354, 0xd9c3_cf97_0fec_087e))
    }

    @Test func `equal calls have equal keys, whoever owns their memory`() {
        let call = {
            self.key([Tensor([2, 1], floats: [1, 2]), Tensor(texts: ["a", "bc"])], parameters: ["k": .int(1)])
        }
        #expect(call() == call())
        let many: [String: ParameterValue] = ["a": .int(1), "b": .int(2), "c": .bool(true), "d": .string("x")]
        let backwards = Dictionary(uniqueKeysWithValues: many.sorted { $0.key > $1.key })
        #expect(key([nil], parameters: many) == key([nil], parameters: backwards))
    }

    /// What a hash over parts without their lengths, or without their kinds, would take for one and the same.
    @Test func `calls that differ anywhere have keys that differ`() {
        let zeros = [UInt8](repeating: 0, count: 16)
        let half = Tensor(.uint8, [8], bytes: Array(zeros.prefix(8)))
        let calls: [(inputs: [Tensor?], outputs: [Int], parameters: [String: ParameterValue])] = [
            ([Tensor(.fp32, [4], bytes: zeros)], [0], [:]),
            ([Tensor(.int32, [4], bytes: zeros)], [0], [:]),
            ([Tensor(.uint32, [4], bytes: zeros)], [0], [:]),
            ([Tensor(.fp32, [2, 2], bytes: zeros)], [0], [:]),
            ([Tensor(.fp32, [4, 1], bytes: zeros)], [0], [:]),
            ([Tensor(.fp32, [1, 4], bytes: zeros)], [0], [:]),
            ([Tensor(.fp64, [2], bytes: zeros)], [0], [:]),
            ([Tensor(.fp32, [4], bytes: zeros), nil], [0], [:]),
            ([nil, Tensor(.fp32, [4], bytes: zeros)], [0], [:]),
            ([Tensor(.uint8, [16], bytes: zeros)], [0], [:]),
            ([Tensor(.uint8, [15], bytes: Array(zeros.dropLast()))], [0], [:]),
            ([Tensor(.uint8, [9], bytes: Array(zeros.prefix(9)))], [0], [:]),
            ([half, half], [0], [:]),
            ([Tensor(.uint8, [0], bytes: []), Tensor(.uint8, [16], bytes: zeros)], [0], [:]),
            ([Tensor(texts: ["ab", "c"])], [0], [:]),
            ([Tensor(texts: ["a", "bc"])], [0], [:]),
            ([nil], [0], [:]),
            ([nil], [0, 1], [:]),
            ([nil], [1], [:]),
            ([nil], [], [:]),
            ([nil], [0], ["a": .int(1)]),
            ([nil], [0], ["a": .uint(1)]),
            ([nil], [0], ["a": .bool(true)]),
            ([nil], [0], ["a": .double(1)]),
            ([nil], [0], ["a": .string("1")]),
            ([nil], [0], ["a": .string("")]),
            ([nil], [0], ["": .string("a")]),
            ([nil], [0], ["ab": .string("c")]),
            ([nil], [0], ["a": .string("bc")]),
            ([nil], [0], ["a": .int(1), "b": .int(2)]),
            ([nil], [0], ["a": .int(2), "b": .int(1)]),
        ]
        let keys = Set(calls.map { key($0.inputs, outputs: $0.outputs, parameters: $0.parameters) })
        #expect(keys.count == calls.count)
    }

    @Test func `each byte counts`() {
        var keys: Set<ResponseKey> = []
        for place in 0..<37 {
            var bytes = [UInt8](repeating: 0, count: 37)
            bytes[place] = 1
            keys.insert(key([Tensor(.uint8, [37], bytes: bytes)]))
        }
        #expect(keys.count == 37)
    }

    @Test func `a version and a process have keys of their own`() {
        let call = [Tensor(floats: [1])]
        #expect(key(call, owner: 1) != key(call, owner: 2))
        #expect(key(call) != key(call, secret: .init(1, 3)))
        let random = (0..<2).map { _ in key(call, secret: .random()) }
        #expect(random[0] != random[1])
    }

    /// What a table sees is one word: keys that agree in it, and in their version, are still two keys.
    @Test func `keys that collide in a table keep their answers apart`() {
        let low: UInt64 = 7
        let keys = [
            ResponseKey(owner: 1, digest: (low, 1)), ResponseKey(owner: 1, digest: (low, 2)),
            ResponseKey(owner: 2, digest: (low, 1)),
        ]
        #expect(Set(keys.map(\.hashValue)).count == 1)
        var answers = LeastRecentlyUsed<ResponseKey, Int>(byteLimit: 10)
        for (value, key) in keys.enumerated() { _ = answers.insert(value, for: key, byteCount: 1) }
        #expect(keys.map { answers.use($0) } == [0, 1, 2])
    }
}
