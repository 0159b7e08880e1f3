import ApusTesting
import Testing

@testable import ApusScheduling

struct ShortListTests {
    @Test func `it is what an array of the same elements is, whatever is put in and taken off`() {
        var random = SeededGenerator(seed: 7)
        var list = ShortList<Int>()
        var array: [Int] = []
        for step in 0..<10_000 {
            if Bool.random(using: &random) {
                list.append(step)
                array.append(step)
            } else {
                let modulus = Int.random(in: 1...3, using: &random)
                let isGone = list.removeFirstMatch { $0.isMultiple(of: modulus) }
                let index = array.firstIndex { $0.isMultiple(of: modulus) }
                #expect(isGone == (index != nil))
                if let index { array.remove(at: index) }
            }
            #expect(Array(list) == array)
            #expect(list.count == array.count && list.isEmpty == array.isEmpty)
        }
    }
}
