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
                guard !OddEntries.areIn(damaged) else { continue }
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

/// Finds entries of maps whose key or value has a wrong wire type.
///
/// Other parsers step over those, as over every field of a wrong type; swift-protobuf reads on in the middle of them, so
/// there it is no witness.
private enum OddEntries {
    static func areIn(_ message: [UInt8]) -> Bool {
        fields(message[...]).contains { field in
            switch field.number {
            case 4: isOdd(field.content)
            case 5: fields(field.content).contains { $0.number == 4 && isOdd($0.content) }
            case 6: fields(field.content).contains { $0.number == 2 && isOdd($0.content) }
            default: false
            }
        }
    }

    private static func isOdd(_ entry: ArraySlice<UInt8>) -> Bool {
        fields(entry).contains { ($0.number == 1 || $0.number == 2) && $0.wire != 2 }
    }

    /// The fields up to the first that is malformed, that one included.
    private static func fields(
        _ message: ArraySlice<UInt8>
    ) -> [(number: UInt64, wire: UInt64, content: ArraySlice<UInt8>)] {
        var rest = message
        var found: [(number: UInt64, wire: UInt64, content: ArraySlice<UInt8>)] = []
        while let tag = varint(&rest) {
            found.append((tag >> 3, tag & 7, []))
            switch tag & 7 {
            case 0: guard varint(&rest) != nil else { return found }
            case 1, 5: rest = rest.dropFirst(tag & 7 == 1 ? 8 : 4)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return found }
                found[found.count - 1].content = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
            default: break
            }
        }
        return found
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
