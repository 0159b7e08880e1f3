import ApusCore
import Testing

@testable import ApusScheduling

struct InputRuleTests {
    private func tensor<Element: BitwiseCopyable>(
        _ type: DataType,
        _ elements: [Element],
        _ shape: [Int]? = nil
    ) -> Tensor {
        let bytes = unsafe elements.withUnsafeBytes { unsafe Array($0) }
        let shape = TensorShape(shape ?? [elements.count])!
        return Tensor(dataType: type, shape: shape, storage: TensorStorage(copying: bytes)!)
    }

    private func texts(_ texts: [[UInt8]]) -> Tensor {
        let bytes = texts.flatMap { text -> [UInt8] in
            [UInt8(text.count & 0xff), UInt8(text.count >> 8 & 0xff), UInt8(text.count >> 16), 0] + text
        }
        return Tensor(dataType: .bytes, shape: TensorShape([texts.count])!, storage: TensorStorage(copying: bytes)!)
    }

    private func rule(_ type: DataType, _ range: ClosedRange<Double>) -> InputRule {
        var rule = InputRule(input: "x", dataType: type)
        rule.range = range
        return rule
    }

    private func text(_ change: (inout TextRule) -> Void) -> InputRule {
        var rule = InputRule(input: "x", dataType: .bytes)
        var text = TextRule()
        change(&text)
        rule.text = text
        return rule
    }

    @Test func `numbers are compared in their own type`() {
        #expect(rule(.fp32, 0...1).violation(in: tensor(.fp32, [0, 0.5, 1] as [Float])) == nil)
        let high = rule(.fp32, 0...1).violation(in: tensor(.fp32, [0, 1.5] as [Float]))
        #expect(high == InputRule.Violation(element: 1, rule: "0 to 1", got: "1.5"))
        #expect(rule(.uint8, 10...300).violation(in: tensor(.uint8, [255, 9] as [UInt8]))?.element == 1)
        #expect(rule(.int8, -1000...0.5).violation(in: tensor(.int8, [-128, 0, 1] as [Int8]))?.element == 2)
        let large = rule(.int64, -.infinity...9_007_199_254_740_992)
        #expect(
            large.violation(in: tensor(.int64, [9_007_199_254_740_992, 9_007_199_254_740_993] as [Int64]))?.element == 1
        )
        #expect(rule(.int64, -.infinity...(.infinity)).violation(in: tensor(.int64, [.min, .max] as [Int64])) == nil)
        #expect(rule(.uint64, 0...0x1p64).violation(in: tensor(.uint64, [.max] as [UInt64])) == nil)
        #expect(rule(.fp64, 0...1).violation(in: tensor(.fp64, [1, -0.001]))?.got == "-0.001")
        #expect(rule(.fp16, 0...1).violation(in: tensor(.fp16, [0x3c00, 0x3c01] as [UInt16]))?.element == 1)
        #expect(rule(.bf16, 0...1).violation(in: tensor(.bf16, [0x3f80, 0x3f81] as [UInt16]))?.element == 1)
        #expect(rule(.fp32, 0...1).violation(in: tensor(.fp64, [5.0])) == nil, "another type is refused elsewhere")
    }

    @Test func `what is no number is in no range`() {
        let far = Double.greatestFiniteMagnitude
        for value in [Float.nan, .infinity, -.infinity] {
            let finite = rule(.fp32, -far...far).violation(in: tensor(.fp32, [1, value]))
            #expect(finite?.element == 1)
            #expect(finite?.rule == "a finite number")
        }
        #expect(rule(.fp32, 0...(.infinity)).violation(in: tensor(.fp32, [Float.infinity])) == nil)
        #expect(rule(.fp32, 0...(.infinity)).violation(in: tensor(.fp32, [Float.nan]))?.rule == "at least 0")
        #expect(rule(.fp32, -far...far).violation(in: tensor(.fp32, [Float.greatestFiniteMagnitude])) == nil)
        #expect(rule(.fp64, -far...far).violation(in: tensor(.fp64, [far, Double.nan]))?.element == 1)
        #expect(rule(.fp16, -far...far).violation(in: tensor(.fp16, [0x7bff, 0x7c00] as [UInt16]))?.element == 1)
        #expect(rule(.bf16, -far...far).violation(in: tensor(.bf16, [0xff7f, 0x7fc0] as [UInt16]))?.element == 1)
    }

    @Test func `texts are measured in Unicode scalars`() {
        let short = text { $0.length = 1...3 }
        #expect(short.violation(in: texts(["abc", "é😀e", "a"].map { Array($0.utf8) })) == nil)
        #expect(short.violation(in: texts(["a", "abcd"].map { Array($0.utf8) }))?.element == 1)
        #expect(short.violation(in: texts([[]]))?.rule == "at least 1 characters")
        for broken in [[0xff], [0xc3], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]
            as [[UInt8]]
        {
            #expect(short.violation(in: texts([broken]))?.rule == "text in UTF-8")
        }
    }

    @Test func `texts consist of what is allowed`() throws {
        let code = try #require(ScalarSet("A-Z0-9é-"))
        let allowed = text { $0.allowed = code }
        #expect(allowed.violation(in: texts(["AZ09-é"].map { Array($0.utf8) })) == nil)
        let broken = allowed.violation(in: texts(["A", "Ab"].map { Array($0.utf8) }))
        #expect(
            broken
                == InputRule.Violation(element: 1, rule: "text of 'A-Z0-9é-' alone", got: "'b' (U+0062) at character 1")
        )
        let forbidden = text { $0.forbidden = ScalarSet("<>") }
        #expect(forbidden.violation(in: texts([Array("a<b".utf8)]))?.got == "'<' (U+003C) at character 1")
        #expect(forbidden.violation(in: texts([Array("a\u{2028}".utf8)])) == nil)
        #expect(ScalarSet("") == nil)
        #expect(ScalarSet("z-a") == nil)
        #expect(ScalarSet("-a") == ScalarSet("-a"))
    }

    @Test func `channels are the last dimension`() {
        var image = InputRule(input: "x", dataType: .uint8)
        image.channels = [1, 3, 4]
        #expect(image.violation(in: tensor(.uint8, [UInt8](repeating: 0, count: 12), [2, 2, 3])) == nil)
        let two = image.violation(in: tensor(.uint8, [UInt8](repeating: 0, count: 8), [2, 2, 2]))
        #expect(two == InputRule.Violation(element: nil, rule: "a last dimension (channels) of 1, 3, 4", got: "2"))
        #expect(image.violation(in: tensor(.uint8, [0] as [UInt8], []))?.got == "none")
    }

    @Test func `the error names input, index and rule`() throws {
        let tensor = tensor(.fp32, [1, 2, 3, 400, 5, 6] as [Float], [2, 3])
        let rule = rule(.fp32, 0...150)
        let error = rule.error(for: try #require(rule.violation(in: tensor)), in: tensor.shape)
        #expect(error.code == .invalidArgument)
        #expect(error.field == "x[1][0]")
        #expect(error.message == "input 'x[1][0]' breaks a rule of the model's apus.yaml: expected 0 to 150, got 400.0")
    }
}
