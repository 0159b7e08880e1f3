import ApusCore
import Testing

struct EditDistanceTests {
    @Test(arguments: [
        ("", "", 0), ("abc", "abc", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2),
        ("nmae", "name", 1),
        ("gaol", "goal", 1), ("ab", "ba", 1),
    ])
    func `edits are counted both ways`(_ left: String, _ right: String, _ distance: Int) {
        var edits = EditDistance()
        for (one, other) in [(left, right), (right, left)] {
            let (one, other) = (Array(one.utf8), Array(other.utf8))
            let found = [Int.max, distance, distance - 1].map { edits.between(one, other, atMost: $0) }
            #expect(found == [distance, distance, nil])
        }
    }
}
