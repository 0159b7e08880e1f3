/// Where a server listens: a host and a port, or a Unix socket.
package struct ServerURL: Sendable, Hashable, CustomStringConvertible {
    /// The two kinds of address.
    package enum Address: Sendable, Hashable {
        /// A name or number, and a TCP port.
        case tcp(host: String, port: Int)
        /// The path of a Unix socket.
        case unix(path: String)
    }

    /// Where the server is looked for when nobody says otherwise.
    package static let `default` = ServerURL(address: .tcp(host: "127.0.0.1", port: 8000))
    /// The environment variable that replaces the default.
    package static let environmentVariable = "APUS_URL"

    /// The address to connect to.
    package let address: Address

    private init(address: Address) {
        self.address = address
    }

    /// Reads `http://host[:port]`, `host:port` or `unix:///path`.
    package init(parsing text: String) throws(ClientError) {
        if let path = ServerURL.remainder(of: text, after: "unix://") ?? ServerURL.remainder(of: text, after: "unix:") {
            // A socket's address holds 107 bytes of path.
            guard path.hasPrefix("/"), path.utf8.count < 108 else {
                throw ServerURL.fault(text, "a Unix socket needs an absolute path of at most 107 bytes")
            }
            self.init(address: .unix(path: path))
            return
        }
        if ServerURL.remainder(of: text, after: "https://") != nil {
            throw ServerURL.fault(text, "TLS is not spoken by this command")
        }
        var authority = ServerURL.remainder(of: text, after: "http://") ?? text
        if authority.hasSuffix("/") { authority.removeLast() }
        guard let address = ServerURL.address(authority) else {
            throw ServerURL.fault(text, "a host, and a port from 1 to 65535, are expected")
        }
        self.init(address: address)
    }

    /// Takes an option's value, else the environment's, else the default.
    package init(option: String?) throws(ClientError) {
        if let text = option ?? Environment.value(of: ServerURL.environmentVariable) {
            try self.init(parsing: text)
        } else {
            self = .default
        }
    }

    /// What goes into the `Host` header.
    package var host: String {
        switch address {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix: "localhost"
        }
    }

    package var description: String {
        switch address {
        case .tcp: "http://\(host)"
        case .unix(let path): "unix://\(path)"
        }
    }

    private static func address(_ authority: String) -> Address? {
        var host = authority
        var port = 8000
        let afterBracket = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: ":") {
            guard let number = Int(authority[authority.index(after: colon)...]) else { return nil }
            port = number
            host = String(authority[..<colon])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        // Whatever is written into a request's head must not be able to end a line there.
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard !host.isEmpty, isPlain, (1...65535).contains(port) else { return nil }
        return .tcp(host: host, port: port)
    }

    private static func remainder(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private static func fault(_ text: String, _ reason: String) -> ClientError {
        ClientError(
            .invalidOption,
            "--url '\(text)': \(reason); write http://127.0.0.1:8000 or unix:///run/apus.sock"
        )
    }
}
