import ApusCore
import ApusProtocol
import ApusProtos
import FoundationEssentials
import SwiftProtobuf
import Testing

/// Random requests, whole and damaged: the decoder must say of each what protobuf's own decoder and the oracle say.
struct V2MessageMutationTests {
    /// Compares decoder and oracle over one message; says what differs.
    private func disagreement(_ bytes: [UInt8], decoder: V2MessageDecoder) -> String? {
        let said = (try? TestMessage(bytes).decode(with: decoder)).map { V2MessageOracle($0) }
        let wanted = V2MessageOracle(bytes)
        guard said != wanted else { return nil }
        return "\(bytes): decoded \(said as Any), expected \(wanted as Any)"
    }

    @Test(arguments: [1, 2, 3, UInt64.random(in: .min ... .max)])
    func `whole requests mean what the generated message means`(seed: UInt64) throws {
        var random = RandomMessage(seed: seed)
        let decoder = V2MessageDecoder(limits: InputLimits())
        var taken = 0
        for _ in 0..<2_000 {
            let bytes: [UInt8] = try random.next().serializedBytes()
            #expect(disagreement(bytes, decoder: decoder) == nil, "seed \(seed)")
            if V2MessageOracle(bytes) != nil { taken += 1 }
        }
        #expect(taken > 400, "most requests should be right: \(taken), seed \(seed)")
    }

    @Test(arguments: [11, 12, 13, UInt64.random(in: .min ... .max)])
    func `damaged requests are refused or mean what protobuf says`(seed: UInt64) throws {
        var random = RandomMessage(seed: seed)
        let decoder = V2MessageDecoder(limits: InputLimits())
        var others: [[UInt8]] = []
        for _ in 0..<600 {
            let bytes: [UInt8] = try random.next().serializedBytes()
            others = others.suffix(8) + [bytes]
            for _ in 0..<12 {
                let damaged = damage(bytes, others: others, random: &random)
                #expect(disagreement(damaged, decoder: decoder) == nil, "seed \(seed)")
            }
        }
    }

    private func damage(_ bytes: [UInt8], others: [[UInt8]], random: inout RandomMessage) -> [UInt8] {
        guard !bytes.isEmpty else { return random.bytes(4) }
        var damaged = bytes
        let at = random.number(bytes.count)
        switch random.number(6) {
        case 0: damaged[at] = UInt8(random.number(256))
        case 1: damaged[at] ^= 1 << UInt8(random.number(8))
        case 2: damaged.remove(at: at)
        case 3: damaged.insert(UInt8(random.number(256)), at: at)
        case 4: damaged.removeLast(random.number(bytes.count))
        default:
            // Fields twice, and those of other requests.
            let other = others.randomElement(using: &random.generator) ?? []
            damaged += random.chance(2) ? other : Array(other.dropFirst(random.number(other.count + 1)))
        }
        return damaged
    }
}
