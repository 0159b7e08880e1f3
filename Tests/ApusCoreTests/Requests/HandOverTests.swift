import ApusCore
import Testing

struct HandOverTests {
    @Test func `a value is taken once`() {
        let holder = RecordingLeaseHolder()
        let box = HandOver(holder.lease())
        do {
            let first = box.take()
            let isThere = first != nil
            #expect(isThere)
            let isGone = box.take() == nil
            #expect(isGone)
            #expect(holder.endedCount == 0)
        }
        #expect(holder.endedCount == 1)
    }

    @Test func `a value that nobody takes ends with the box`() {
        let holder = RecordingLeaseHolder()
        do {
            _ = HandOver(holder.lease())
        }
        #expect(holder.endedCount == 1)
    }

    @Test func `of many takers one gets it`() async {
        for _ in 0..<200 {
            let box = HandOver<Int>(7)
            let taken = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { box.take() ?? 0 } }
                return await group.reduce(0, +)
            }
            #expect(taken == 7)
        }
    }
}
