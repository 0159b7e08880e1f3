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
                let damaged = random.damage(bytes, others: others)
                guard !OddEntries.areIn(damaged) else { continue }
                #expect(disagreement(damaged, decoder: decoder) == nil, "seed \(seed)")
            }
        }
    }
}

/// Finds entries of maps whose key or value has a wrong wire type.
///
/// Other parsers step over those, as over every field of a wrong type; swift-protobuf reads on in the middle of them, so
/// there it is no witness.
private enum OddEntries {
    static func areIn(_ message: [UInt8]) -> Bool {
        ProtobufFields.split(message[...]).contains { field in
            switch field.number {
            case 4: isOdd(field.content)
            case 5: ProtobufFields.split(field.content).contains { $0.number == 4 && isOdd($0.content) }
            case 6: ProtobufFields.split(field.content).contains { $0.number == 2 && isOdd($0.content) }
            default: false
            }
        }
    }

    private static func isOdd(_ entry: ArraySlice<UInt8>) -> Bool {
        ProtobufFields.split(entry).contains { ($0.number == 1 || $0.number == 2) && $0.wire != 2 }
    }
}
