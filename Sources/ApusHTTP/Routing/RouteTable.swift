package import ApusCore

/// Finds the operation that a verb and a path ask for; built from the table of operations and nothing else.
package struct RouteTable: Sendable {
    /// An operation, and the model and version that the path names.
    package struct Match: Sendable {
        /// What is asked for.
        package let operation: Operation
        /// The model segment, percent-decoded; `nil` when the path names none.
        package let model: String?
        /// The version segment; `nil` when the path names none.
        package let version: String?
    }

    /// What a path leads to.
    package enum Outcome: Sendable {
        case found(Match)
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
    package func find(_ verb: HTTPRoute.Verb?, _ path: Span<UInt8>) -> Outcome {
        var node = 0
        var model: Range<Int>?
        var version: Range<Int>?
        var start = 1
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return .notFound }
        while start <= path.count {
            var end = start
            while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
            guard let step = step(from: node, path, start..<end) else { return .notFound }
            node = step.child
            if step.wildcard == "model" { model = start..<end }
            if step.wildcard == "version" { version = start..<end }
            start = end + 1
        }
        let operations = nodes[node].operations
        guard !operations.isEmpty else { return .notFound }
        guard let found = operations.first(where: { $0.verb == verb }) else {
            return .wrongVerb(allowed: operations.map(\.verb.rawValue))
        }
        if let version, !isNumber(path, version) { return .notFound }
        return .found(
            Match(
                operation: found.operation,
                model: model.map { PercentDecoding.text(path, $0) },
                version: version.map { PercentDecoding.text(path, $0) }
            )
        )
    }

    private func step(from node: Int, _ path: Span<UInt8>, _ range: Range<Int>) -> (child: Int, wildcard: String?)? {
        for literal in nodes[node].literals where literal.name.count == range.count {
            var index = 0
            while index < range.count, literal.name[index] == path[range.lowerBound + index] { index += 1 }
            if index == range.count { return (literal.child, nil) }
        }
        guard let wildcard = nodes[node].wildcard, !range.isEmpty else { return nil }
        return (wildcard.child, wildcard.name)
    }

    private func isNumber(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(path[index]) {
            return false
        }
        return true
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
