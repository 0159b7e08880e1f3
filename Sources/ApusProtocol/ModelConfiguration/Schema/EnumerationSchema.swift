/// A set of named numbers that a field chooses from.
package final class EnumerationSchema: Sendable {
    /// One name and its number.
    package struct Member: Sendable, Hashable {
        /// The name in the text and in JSON.
        package let name: String

        /// The number in the binary encoding.
        package let number: Int32
    }

    /// The name of the set, for messages.
    package let name: String

    /// All members in the order of their numbers.
    package let members: [Member]

    /// Describes a set whose numbers begin at zero and leave no gap, as all of the model configuration do.
    init(_ name: String, _ memberNames: [String]) {
        self.name = name
        var number: Int32 = -1
        members = memberNames.map { memberName in
            number += 1
            return Member(name: memberName, number: number)
        }
    }

    /// The member that counts when nothing is set: the first.
    package var defaultMember: Member? {
        members.first
    }

    /// The member of that name, in exactly this spelling.
    package func member(named name: String) -> Member? {
        members.first { $0.name == name }
    }

    /// The member of that number.
    package func member(numbered number: Int64) -> Member? {
        members.first { Int64($0.number) == number }
    }
}
