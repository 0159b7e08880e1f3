/// The ports as they were bound, for those who asked for any free one.
struct BoundPorts: Sendable {
    private enum Port: Sendable {
        case http(Int)
        case metrics(Int)
    }

    private let ports: AsyncStream<Port>
    private let continuation: AsyncStream<Port>.Continuation

    init() {
        (ports, continuation) = AsyncStream.makeStream()
    }

    func note(http port: Int) {
        continuation.yield(.http(port))
    }

    func note(metrics port: Int) {
        continuation.yield(.metrics(port))
    }

    /// Both ports, as soon as both are bound; `nil` when the waiting task was cancelled.
    ///
    /// For one caller, once: a second call would wait for ever.
    func all() async -> (http: Int, metrics: Int)? {
        var http: Int?
        var metrics: Int?
        for await port in ports {
            switch port {
            case .http(let number): http = number
            case .metrics(let number): metrics = number
            }
            if let http, let metrics { return (http, metrics) }
        }
        return nil
    }
}
