/// Scheme, host and port of a server that objects come from.
package struct HTTPOrigin: Hashable, Sendable {
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// The host's name or address, IPv6 in brackets.
    package let host: String
    /// The port.
    package let port: Int

    /// Names a server.
    package init(isSecure: Bool, host: String, port: Int) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
    }
}
