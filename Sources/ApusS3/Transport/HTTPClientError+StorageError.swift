internal import ApusStorage
internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOPosix

extension StorageError {
    /// Says why a server couldn't be asked, in words that hold nothing of the request.
    init(unreachable origin: HTTPOrigin, cause: any Error) {
        // By its words, so that no other module is needed; trying again wouldn't mend it.
        let words = "\(type(of: cause)): \(cause)"
        if words.contains("CERTIFICATE_VERIFY_FAILED") || words.contains("NIOSSLExtraError") {
            self.init(.untrusted, "\(origin) has a certificate that isn't trusted here, or isn't its own", cause: cause)
            return
        }
        let reason =
            switch cause {
            case let error as HTTPClientError: error.shortDescription
            case let error as NIOConnectionError:
                error.connectionErrors.first.map { "connecting failed: \(StorageError.words(of: $0.error))" }
                    ?? "its name isn't known"
            case let error as IOError: StorageError.words(of: error)
            case let error as ChannelError: String(describing: error)
            default: String(words.prefix(200))
            }
        self.init(.unreachable, "\(origin) doesn't answer: \(reason)", cause: cause)
    }

    /// What the system says of a call that failed.
    private static func words(of error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return unsafe String(cString: strerror(error.errnoCode))
    }
}
