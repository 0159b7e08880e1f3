internal import NIOCore
internal import NIOPosix

extension ClientError {
    /// Says in words why a server couldn't be reached.
    init(connecting url: ServerURL, timeout: Duration, cause error: any Error) {
        switch error {
        case let error as ClientError:
            self = error
        case ChannelError.connectTimeout:
            self = .timedOut(url: url, after: timeout)
        default:
            let advice = "start one with `apus serve --models DIR` or give --url"
            let reason = ClientError.reason(of: error)
            self.init(.unreachable, "no server answers at \(url); \(advice) (\(reason))", cause: error)
        }
    }

    /// The server has the connection but not given its answer in time.
    static func timedOut(url: ServerURL, after timeout: Duration) -> ClientError {
        let seconds = FixedPoint.text(timeout / .seconds(1), decimals: 1)
        return ClientError(.timeout, "\(url) did not answer within \(seconds) s; is the server overloaded or stopped?")
    }

    private static func reason(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return reason(of: first.error) }
            if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name \(error.host) is not known" }
            return "connection failed"
        case let error as IOError:
            switch error.errnoCode {
            case ECONNREFUSED: return "connection refused"
            case ENOENT: return "no such socket"
            case EACCES, EPERM: return "permission denied"
            case ECONNRESET, EPIPE: return "connection reset"
            case EHOSTUNREACH, ENETUNREACH: return "no route to the host"
            default: return error.description
            }
        default:
            return String(describing: error)
        }
    }
}
