internal import ApusCore
internal import ApusListener

/// Keeps browsers away from what operates the server: pages of other sites may ask a server on their visitor's own machine,
/// and a name of theirs may lead to it (DNS rebinding).
struct ControlHosts: Sendable {
    /// Names that the server has besides those of the loopback interface, in lower case.
    private let names: Set<String>

    /// Allows the loopback interface and these.
    init(_ names: [String]) {
        self.names = Set(names.map { $0.lowercased() })
    }

    /// Why a control request isn't taken; `nil` when it is.
    func refusal(of head: HTTPRequestHead) -> InferenceError? {
        if let origin = head.value(of: "origin") {
            return InferenceError(
                .permissionDenied,
                "control operations are not taken from web pages: the request has an Origin",
                field: "Origin",
                got: String(origin.prefix(256)),
                hint: "ask with a client that is no browser"
            )
        }
        guard let host = head.value(of: "host"), !isOwn(host) else { return nil }
        return InferenceError(
            .permissionDenied,
            "control operations are taken under the server's own name only",
            field: "Host",
            expected: "localhost, 127.0.0.1, [::1] or the address that the server listens on",
            got: String(host.prefix(256))
        )
    }

    private func isOwn(_ host: String) -> Bool {
        var name = host.lowercased()[...]
        if name.hasPrefix("[") {
            name = name.dropFirst().prefix { $0 != "]" }
        } else if let colon = name.lastIndex(of: ":") {
            name = name[..<colon]
        }
        return LoopbackHost.includes(name) || names.contains(String(name))
    }
}
