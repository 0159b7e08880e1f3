/// The ports as they were bound, for those who asked for any free one.
struct BoundPorts: Sendable {
    /// The ports of a server.
    enum Name: Hashable, Sendable {
        case http
        case grpc
        case metrics
        /// The control socket, which has no number.
        case control
    }

    private let names: Set<Name>
    private let ports: AsyncStream<(Name, Int)>
    private let continuation: AsyncStream<(Name, Int)>.Continuation

    /// Waits for these.
    init(_ names: Set<Name>) {
        self.names = names
        (ports, continuation) = AsyncStream.makeStream()
    }

    /// A port has been bound.
    func note(_ name: Name, _ port: Int) {
        continuation.yield((name, port))
    }

    /// All ports, as soon as all are bound; `nil` when the waiting task was cancelled.
    ///
    /// For one caller, once: a second call would wait for ever.
    func all() async -> [Name: Int]? {
        var bound: [Name: Int] = [:]
        for await (name, port) in ports {
            bound[name] = port
            if names.isSubset(of: bound.keys) { return bound }
        }
        return nil
    }
}
