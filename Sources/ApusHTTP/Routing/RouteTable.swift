package import ApusCore

/// Finds the operation that a verb and a path ask for; built from the table of operations and nothing else.
package struct RouteTable: Sendable {
    /// What a path leads to.
    package enum Outcome: Sendable {
        case found(AdmittedOperation)
        case notFound
        /// The path exists for other verbs.
        case wrongVerb(allowed: [String])
    }

    private struct Node {
        var literals: [(name: [UInt8], child: Int)] = []
        var wildcard: (name: String, child: Int)?
        var operations: [(verb: HTTPRoute.Verb, operation: Operation)] = []
    }

    private var nodes = [Node()]

    /// Builds the table for the operations of one port.
    package init(operations: [Operation]) {
        for operation in operations {
            for route in operation.routes { insert(route, operation) }
        }
    }

    /// Looks a path up.
    ///
    /// - Parameters:
    ///   - verb: `nil` for a verb that no route has.
    ///   - path: The path as it came, percent-encoded, without the query.
    /// - Returns: The operation, with the model and the version that the path names, or why there is none.
    package func find(_ verb: HTTPRoute.Verb?, _ path: Span<UInt8>) -> Outcome {
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return .notFound }
        return find(verb, path, from: 1, at: 0, Segments())
    }

    /// Where the segments lie that wildcards took.
    private struct Segments {
        var model: Range<Int>?
        var version: Range<Int>?
    }

    /// Goes on from a node: a literal first, the wildcard when that leads nowhere, so that a model may have any name.
    private func find(
        _ verb: HTTPRoute.Verb?,
        _ path: Span<UInt8>,
        from start: Int,
        at node: Int,
        _ segments: Segments
    ) -> Outcome {
        guard start <= path.count else { return outcome(verb, path, at: node, segments) }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        var refusal = Outcome.notFound
        if let child = literal(of: node, path, start..<end) {
            let outcome = find(verb, path, from: end + 1, at: child, segments)
            if case .found = outcome { return outcome }
            refusal = outcome
        }
        guard let wildcard = nodes[node].wildcard, end > start else { return refusal }
        var segments = segments
        switch wildcard.name {
        case "model": segments.model = start..<end
        case "version": segments.version = start..<end
        default: break
        }
        let outcome = find(verb, path, from: end + 1, at: wildcard.child, segments)
        if case .notFound = outcome { return refusal }
        return outcome
    }

    private func outcome(
        _ verb: HTTPRoute.Verb?,
        _ path: Span<UInt8>,
        at node: Int,
        _ segments: Segments
    ) -> Outcome {
        let operations = nodes[node].operations
        guard !operations.isEmpty else { return .notFound }
        guard let found = operations.first(where: { $0.verb == verb }) else {
            return .wrongVerb(allowed: operations.map(\.verb.rawValue))
        }
        return .found(
            AdmittedOperation(
                operation: found.operation,
                model: segments.model.map { PercentDecoding.text(path, $0) },
                version: segments.version.map { PercentDecoding.text(path, $0) }
            )
        )
    }

    private func literal(of node: Int, _ path: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for literal in nodes[node].literals where literal.name.count == range.count {
            var index = 0
            while index < range.count, literal.name[index] == path[range.lowerBound + index] { index += 1 }
            if index == range.count { return literal.child }
        }
        return nil
    }

    private mutating func insert(_ route: HTTPRoute, _ operation: Operation) {
        var node = 0
        for segment in route.pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            node = segment.hasPrefix("{") ? wildcardChild(of: node, segment) : literalChild(of: node, segment)
        }
        nodes[node].operations.append((route.verb, operation))
    }

    private mutating func wildcardChild(of node: Int, _ segment: Substring) -> Int {
        if let wildcard = nodes[node].wildcard { return wildcard.child }
        nodes.append(Node())
        nodes[node].wildcard = (String(segment.dropFirst().dropLast()), nodes.count - 1)
        return nodes.count - 1
    }

    private mutating func literalChild(of node: Int, _ segment: Substring) -> Int {
        let name = Array(segment.utf8)
        if let literal = nodes[node].literals.first(where: { $0.name == name }) { return literal.child }
        nodes.append(Node())
        nodes[node].literals.append((name, nodes.count - 1))
        return nodes.count - 1
    }
}
