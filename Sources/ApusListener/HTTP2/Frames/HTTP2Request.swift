internal import ApusCore
internal import NIOHPACK

/// What a request's header block says.
struct HTTP2Request {
    /// Whom it is for.
    enum Kind {
        /// A gRPC call.
        case call(GRPCRequestHead)
        /// A request over HTTP.
        case http(HTTPRequestHead)
        /// One over HTTP that is refused.
        case refused(HTTPParsingFault)
        /// A call whose head is too large.
        case refusedCall(GRPCStatus)
        /// Nobody: it breaks RFC 9113's rules for requests.
        case malformed
    }

    let kind: Kind
    /// Bytes of the body, when it says so.
    let contentLength: Int?

    /// Checks fields and says what they mean.
    init(_ headers: HPACKHeaders, limits: InputLimits) {
        guard let rules = HTTP2FieldRules(request: headers) else {
            self.kind = .malformed
            self.contentLength = nil
            return
        }
        self.contentLength = rules.contentLength
        let isTooLarge = rules.byteCount > limits.maxHeaderBytes
        if let head = GRPCRequestHead(headers) {
            self.kind = isTooLarge ? .refusedCall(.headTooLarge(limit: limits.maxHeaderBytes)) : .call(head)
            return
        }
        guard !isTooLarge else {
            self.kind = .refused(.headTooLarge)
            return
        }
        do throws(HTTPParsingFault) {
            self.kind = .http(try HTTPRequestHead(headers, maxFields: limits.maxHeaderCount))
        } catch {
            self.kind = .refused(error)
        }
    }
}
