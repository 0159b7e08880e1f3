/// How a call ended: a code of gRPC's and a sentence.
package struct GRPCStatus: Error, Hashable, Sendable {
    /// The codes (https://grpc.io/docs/guides/status-codes/).
    package enum Code: Int, Sendable {
        case ok = 0
        case cancelled = 1
        case unknown = 2
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case outOfRange = 11
        case unimplemented = 12
        case internalError = 13
        case unavailable = 14
        case dataLoss = 15
        case unauthenticated = 16
    }

    /// The code.
    package let code: Code
    /// What was expected, what came, what to do; empty for success.
    package let message: String
    /// More trailers; names in lower case.
    package var fields: [(name: String, value: String)] = []

    /// Success.
    package static let ok = GRPCStatus(.ok, "")

    /// Describes an end.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package static func == (left: GRPCStatus, right: GRPCStatus) -> Bool {
        left.code == right.code && left.message == right.message
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
    }

    /// The message as `grpc-message` wants it: bytes outside of printable ASCII, and the percent sign, percent-encoded.
    var encodedMessage: String {
        let needsNone = message.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "%") }
        guard !needsNone else { return message }
        var text = ""
        for byte in message.utf8 {
            if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}

extension GRPCStatus {
    /// A request that came whole, but not in time.
    static let tooSlow = GRPCStatus(.deadlineExceeded, "the request's message did not arrive in time")
    /// The client's own deadline has passed.
    package static let deadlineExceeded = GRPCStatus(.deadlineExceeded, "Deadline Exceeded")
    /// The end of the server.
    static let shuttingDown = GRPCStatus(.unavailable, "the server is shutting down; try another one")
    /// No room in the budget.
    static let budgetExhausted = GRPCStatus(
        .resourceExhausted,
        "the server holds as many request bytes as it may; try again later"
    )
    /// The end of a side without a message.
    static let noMessage = GRPCStatus(.invalidArgument, "the call ended before its message: expected one")
    /// More than one message.
    static let manyMessages = GRPCStatus(.unimplemented, "the call has more than one message: expected one")
    /// The end of a side within a message.
    static let partOfMessage = GRPCStatus(.internalError, "the call ended within a message")
    /// A port that serves no gRPC.
    static let noService = GRPCStatus(.unimplemented, "this port serves no gRPC; the inference ports do")
    /// A head that is too large.
    static func headTooLarge(limit: Int) -> GRPCStatus {
        GRPCStatus(.resourceExhausted, "the call's header fields are too large: expected at most \(limit) bytes")
    }
    /// A message that is too large.
    static func tooLarge(_ length: Int, limit: Int) -> GRPCStatus {
        GRPCStatus(.resourceExhausted, "the message has \(length) bytes: expected at most \(limit)")
    }
}
