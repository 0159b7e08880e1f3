internal import NIOHPACK

/// The head of a gRPC call: its method, and what it says besides.
package struct GRPCRequestHead: Sendable {
    /// How messages are compressed.
    package enum Coding: String, Sendable {
        case identity
        case gzip
    }

    private let headers: HPACKHeaders
    /// `/package.Service/Method`.
    package private(set) var path = ""
    /// Nanoseconds that the client waits; `nil` for as long as it takes.
    package private(set) var timeout: Int64?
    /// How its compressed messages are compressed.
    package private(set) var coding = Coding.identity
    /// Whether it takes messages compressed with gzip.
    package private(set) var acceptsGzip = false
    /// `authorization`, when there is one.
    package private(set) var authorization: String?
    /// What of it can't be served; the path is right nevertheless.
    private(set) var fault: GRPCStatus?

    /// Reads a head; `nil` when it is no gRPC call.
    init?(_ headers: HPACKHeaders) {
        self.headers = headers
        var isCall = false
        var isPost = false
        for (name, value, _) in headers {
            switch name.utf8.count {
            case 5 where name == ":path": path = value
            case 7 where name == ":method": isPost = value == "POST"
            case 12 where name == "content-type": isCall = GRPCRequestHead.isCall(value)
            case 12 where name == "grpc-timeout": note(timeout: value)
            case 13 where name == "grpc-encoding": note(coding: value)
            case 13 where name == "authorization": authorization = value
            case 20 where name == "grpc-accept-encoding":
                acceptsGzip = value.split(separator: ",").contains { $0.trimmingSpaces() == "gzip" }
            default: break
            }
        }
        guard isCall else { return nil }
        if !isPost { fault = GRPCStatus(.internalError, "a gRPC call has the method POST") }
    }

    /// Fields that came.
    package var fieldCount: Int { headers.count }

    /// Goes through the fields that are the caller's own, and `grpc-timeout`: not HTTP/2's, not gRPC's.
    package func forEachField(_ visit: (_ name: String, _ value: String) -> Void) {
        for (name, value, _) in headers where !name.hasPrefix(":") {
            if name.hasPrefix("grpc-"), name != "grpc-timeout" { continue }
            switch name {
            case "content-type", "te", "content-length": continue
            default: visit(name, value)
            }
        }
    }

    /// The first value of a field, whose name is given in lower case.
    package func value(of name: String) -> String? {
        headers.first(name: name)
    }

    private static func isCall(_ type: String) -> Bool {
        guard type.hasPrefix("application/grpc") else { return false }
        guard let next = type.utf8.dropFirst("application/grpc".utf8.count).first else { return true }
        return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }

    private mutating func note(timeout text: String) {
        timeout = GRPCTimeout.nanoseconds(text)
        guard timeout == nil else { return }
        fault = GRPCStatus(
            .invalidArgument,
            "malformed grpc-timeout '\(text)': expected up to eight digits and a unit of H, M, S, m, u or n"
        )
    }

    private mutating func note(coding text: String) {
        if let known = Coding(rawValue: text) {
            coding = known
        } else {
            fault = GRPCStatus(.unimplemented, "unsupported grpc-encoding '\(text)': expected identity or gzip")
        }
    }
}

extension Substring {
    /// Without the spaces around it.
    fileprivate func trimmingSpaces() -> Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
