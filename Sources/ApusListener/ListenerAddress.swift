/// Where a listener is reached.
package enum ListenerAddress: Sendable, Hashable {
    /// A name or address and a port; port 0 for any free one.
    case port(host: String, Int)
    /// A Unix socket at a path, for this user alone (mode 0600).
    case socket(path: String)

    /// The most bytes that the path of a Unix socket has on Linux (`sun_path`, without its end).
    package static let maxPathBytes = 107
}
