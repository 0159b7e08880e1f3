internal import NIOHPACK

/// What RFC 9113 §8.2 and §8.3 ask of a request's fields, in one pass over their bytes.
struct HTTP2FieldRules {
    /// What a list counts for each field besides its bytes (RFC 9113 §6.5.2).
    private static let overhead = 32

    /// `content-length`, when there is one.
    private(set) var contentLength: Int?
    /// The size of the list.
    private(set) var byteCount = 0
    private var pseudo = Pseudo()
    private var isConnect = false
    private var hasFields = false

    private struct Pseudo: OptionSet {
        var rawValue: UInt8
        static let method = Pseudo(rawValue: 1)
        static let scheme = Pseudo(rawValue: 2)
        static let path = Pseudo(rawValue: 4)
        static let authority = Pseudo(rawValue: 8)
    }

    /// Looks at a request's fields; `nil` when they are malformed.
    init?(request headers: HPACKHeaders) {
        for (name, value, _) in headers {
            byteCount += name.utf8.count + value.utf8.count + HTTP2FieldRules.overhead
            let isFine = name.utf8.first == UInt8(ascii: ":") ? take(pseudo: name, value) : take(name, value)
            guard isFine else { return nil }
        }
        // A CONNECT has no path; it is refused later, as over HTTP/1.
        let needed: Pseudo = isConnect ? [.method, .authority] : [.method, .scheme, .path]
        guard pseudo.isSuperset(of: needed) else { return nil }
    }

    /// Whether fields may stand behind a body.
    static func areTrailers(_ headers: HPACKHeaders) -> Bool {
        headers.allSatisfy { name, value, _ in isName(name) && isValue(value) && !isOfConnection(name, value) }
    }

    private mutating func take(pseudo name: String, _ value: String) -> Bool {
        let field: Pseudo
        switch name {
        case ":method":
            field = .method
            isConnect = value == "CONNECT"
        case ":scheme": field = .scheme
        case ":path": field = .path
        case ":authority": field = .authority
        default: return false
        }
        guard !hasFields, !pseudo.contains(field) else { return false }
        pseudo.insert(field)
        // An authority may be empty, nothing else.
        return (field == .authority || !value.utf8.isEmpty) && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    }

    private mutating func take(_ name: String, _ value: String) -> Bool {
        hasFields = true
        guard HTTP2FieldRules.isName(name), HTTP2FieldRules.isValue(value) else { return false }
        if name == "content-length" {
            let isNumber = value.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard contentLength == nil, isNumber, let length = Int(value) else { return false }
            contentLength = length
        }
        return !HTTP2FieldRules.isOfConnection(name, value)
    }

    /// Whether a name is a token without capital letters.
    private static func isName(_ name: String) -> Bool {
        guard !name.utf8.isEmpty else { return false }
        for byte in name.utf8 {
            switch byte {
            case 0x61...0x7a, 0x2d, 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2e, 0x30...0x39, 0x5e...0x60, 0x7c, 0x7e: continue
            default: return false
            }
        }
        return true
    }

    private static func isValue(_ value: String) -> Bool {
        for byte in value.utf8 where byte < 0x0e && (byte == 0 || byte == 0x0a || byte == 0x0d) { return false }
        return true
    }

    /// Whether a field is about one connection, which HTTP/2 has no fields for.
    private static func isOfConnection(_ name: String, _ value: String) -> Bool {
        switch name.utf8.count {
        case 2: name == "te" && value != "trailers"
        case 7: name == "upgrade"
        case 10: name == "connection" || name == "keep-alive"
        case 16: name == "proxy-connection"
        case 17: name == "transfer-encoding"
        default: false
        }
    }
}
