/// What a server answered: the whole of it, in memory.
package struct HTTPAnswer: Sendable {
    /// The status code.
    package let status: Int
    /// The headers, in the order in which they came.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: [UInt8]

    /// Collects an answer.
    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
