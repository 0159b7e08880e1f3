/// The names and addresses by which a machine reaches only itself.
package enum LoopbackHost {
    /// Whether a host, in lower case, is `localhost`, `::1` or an address of 127.0.0.0/8.
    ///
    /// Only the four numbers count: a name that begins with 127 may stand for any address.
    package static func includes(_ host: Substring) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
