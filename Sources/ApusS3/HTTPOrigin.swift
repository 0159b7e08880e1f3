/// Scheme, host and port of a server that objects come from.
package struct HTTPOrigin: Hashable, Sendable, CustomStringConvertible {
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

    /// Reads `http://host`, `https://host:port`; a path is handed back.
    ///
    /// - Returns: `nil` when the scheme is another one, there is no host, or there are a user, a query or a fragment.
    package static func parse(_ text: String) -> (origin: HTTPOrigin, path: String)? {
        let isSecure = text.lowercased().hasPrefix("https://")
        guard isSecure || text.lowercased().hasPrefix("http://") else { return nil }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let path = rest.drop { $0 != "/" }
        let authority = rest.prefix { $0 != "/" }
        guard !rest.contains(where: { "@?#\\ ".contains($0) }), rest.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        let end = authority.lastIndex(of: "]").map { authority.index(after: $0) } ?? authority.startIndex
        let colon = authority[end...].firstIndex(of: ":")
        let host = authority[..<(colon ?? authority.endIndex)]
        let port = colon.map { authority[authority.index(after: $0)...] }
        let number = port.map { UInt16($0) } ?? (isSecure ? 443 : 80)
        guard isHost(host), let number, number > 0 else { return nil }
        return (HTTPOrigin(isSecure: isSecure, host: host.lowercased(), port: Int(number)), String(path))
    }

    /// The host, and the port where it isn't the scheme's own: the field `Host`.
    package var authority: String {
        port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)" }

    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("[") {
            return text.hasSuffix("]") && text.utf8.count > 3
                && text.dropFirst().dropLast().allSatisfy { $0.isHexDigit || ":.".contains($0) }
        }
        return !text.isEmpty && text.utf8.count <= 253
            && text.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) }
    }
}
