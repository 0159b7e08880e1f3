/// How long a connection may stay in each state.
package struct ConnectionTimeouts: Sendable, Hashable {
    /// Between an answer and the first byte of the next request.
    package var keepAlive: Int64 = 75_000_000_000
    /// From a head's first byte to its last; on a new connection also from its start to the first byte.
    package var head: Int64 = 10_000_000_000
    /// Between two reads of a body.
    package var bodyGap: Int64 = 20_000_000_000
    /// From a body's first byte to its last.
    package var body: Int64 = 300_000_000_000
    /// In which a body must grow by a twelfth of what has come of it while memory for requests is scarce.
    ///
    /// A share, not a rate: who holds little may be slow, who holds much must really be sending. One that comes evenly
    /// may take a minute; one that stops just before its end is given up after five seconds, longer than a few lost
    /// packets take to be sent again.
    package var bodyGrowth: Int64 = 5_000_000_000
    /// While the client takes nothing of its answer.
    package var write: Int64 = 30_000_000_000
    /// From the last answer to the client's own close.
    package var linger: Int64 = 2_000_000_000
    /// From a PING over HTTP/2 to its answer.
    package var ping: Int64 = 20_000_000_000
    /// From the start of a drain to the close of a connection on which nothing happens.
    package var drainIdle: Int64 = 1_000_000_000

    /// The defaults, in nanoseconds.
    package init() {}
}
