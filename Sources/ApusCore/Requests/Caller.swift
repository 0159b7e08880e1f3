/// Who asks: what the gate found out about the credentials.
package struct Caller: Hashable, Sendable {
    /// A stable name for fairness and logs; empty while the gate is open.
    package let key: String

    /// Somebody that the gate let in without asking who it is.
    package static let anonymous = Caller(key: "")

    /// Names a caller.
    package init(key: String) {
        self.key = key
    }
}
