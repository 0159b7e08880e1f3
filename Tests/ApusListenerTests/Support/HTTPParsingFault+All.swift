@testable import ApusListener

extension HTTPParsingFault {
    /// Every fault, by walking from each to the next; a new one doesn't compile before it has its place here.
    static let all: [HTTPParsingFault] = Array(sequence(first: .requestLine) { $0.next })

    private var next: HTTPParsingFault? {
        switch self {
        case .requestLine: .version
        case .version: .target
        case .target: .fieldLine
        case .fieldLine: .headTooLarge
        case .headTooLarge: .tooManyFields
        case .tooManyFields: .contentLength
        case .contentLength: .conflictingLength
        case .conflictingLength: .repeatedField
        case .repeatedField: .transferEncoding
        case .transferEncoding: .host
        case .host: .expectation
        case .expectation: .chunk
        case .chunk: .bodyTooLarge
        case .bodyTooLarge: .budgetExhausted
        case .budgetExhausted: .headTimeout
        case .headTimeout: .bodyTimeout
        case .bodyTimeout: .shuttingDown
        case .shuttingDown: nil
        }
    }
}
