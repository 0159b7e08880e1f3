import ApusCore
import Testing

@testable import ApusProtocol

/// Bodies changed at random: taken exactly when they are strict JSON of the right shape, and never the end of anything.
struct PlainMutationTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a body is taken only if it is strict JSON`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let seeds = [
            "[[1,2.5,-3e2,4],[5,6,7,null]]", #"{"x": [1, true, 3 ,4], "parameters": {"a": "b"}}"#,
            #"{"data":[[0.1,0.2,0.3,0.4]]}"#, #"{"inputs":{"x":[[1,2,3,4]]}}"#, "[[1,2,3],[4]]",
        ]
        let alphabet = Array(#"[]{},:"\0123456789.eE+-truefalsn xd"#.utf8) + [0, 0xff, 0xc3]
        let decoder = try #require(PlainDecoder(limits: InputLimits()))
        for _ in 0..<4000 {
            var bytes = Array(seeds.randomElement(using: &random)!.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = alphabet.randomElement(using: &random)!
                case 1: bytes.insert(alphabet.randomElement(using: &random)!, at: index)
                default: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            var question = PlainQuestion()
            question.padding = alphabet.randomElement(using: &random)!
            guard let request = try? question.decode(bytes: bytes, with: decoder) else { continue }
            #expect(StrictJSON.parse(bytes) != nil, "\(String(decoding: bytes, as: UTF8.self))")
            let shape = request.inputs[0].tensor.shape
            #expect(shape.dimensions == [shape.elementCount / 4, 4])
        }
    }
}
