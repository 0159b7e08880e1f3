import ApusCore
import ApusListener
import Testing

@testable import ApusHTTP

struct HTTPStatusTableTests {
    @Test(
        arguments: [
            (.invalidArgument, 400), (.alreadyExists, 400), (.cancelled, 400), (.unauthenticated, 401),
            (.permissionDenied, 403),
            (.notFound, 404), (.methodNotAllowed, 405), (.tooLarge, 413), (.engineFailure, 500),
            (.internalFailure, 500),
            (.unsupported, 501), (.unavailable, 503), (.resourceExhausted, 503), (.deadlineExceeded, 503),
        ] as [(InferenceError.Code, Int)]
    )
    func `every code has its status`(_ code: InferenceError.Code, _ status: Int) {
        #expect(HTTPStatusTable.status(of: code) == status)
        #expect(HTTPResponseHead.phrase(status) != "Status")
        let (head, body) = HTTPStatusTable.answer(to: InferenceError(code, "why"))
        #expect(head.status == status)
        #expect(head.contentType == "application/json")
        #expect(head.fields.contains { $0.name == "Retry-After" } == (status == 503))
        #expect(String(decoding: body, as: UTF8.self) == #"{"error":"why","code":"\#(code.label)"}"#)
    }

    @Test func `the facts of an error are members of its body`() {
        let error = InferenceError(
            .invalidArgument,
            "say \"no\"\n",
            field: "inputs[0].shape",
            expected: "[2]",
            got: "[3]\u{1}",
            hint: "reshape"
        )
        let (_, body) = HTTPStatusTable.answer(to: error)
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"error":"say \"no\"\n","code":"invalid_argument","field":"inputs[0].shape","expected":"[2]","#
                + #""got":"[3]\u0001","hint":"reshape"}"#
        )
    }

    @Test func `an encoding that isn't supported is answered with those that are`() {
        let (head, _) = HTTPStatusTable.answer(to: InferenceError(.unsupported, "", field: "Content-Encoding"))
        #expect(head.status == 501)
        #expect(head.fields.map { "\($0.name): \($0.value)" } == ["Accept-Encoding: gzip, deflate"])
        #expect(HTTPStatusTable.answer(to: InferenceError(.unsupported, "", field: "outputs[0]")).0.fields.isEmpty)
    }

    /// Each fault's code; a new fault doesn't compile before it has one here.
    private func code(of fault: HTTPParsingFault) -> (InferenceError.Code, Int, next: HTTPParsingFault?) {
        switch fault {
        case .requestLine: (.invalidArgument, 400, .version)
        case .version: (.unsupported, 505, .target)
        case .target: (.invalidArgument, 400, .fieldLine)
        case .fieldLine: (.invalidArgument, 400, .headTooLarge)
        case .headTooLarge: (.tooLarge, 431, .tooManyFields)
        case .tooManyFields: (.tooLarge, 431, .contentLength)
        case .contentLength: (.invalidArgument, 400, .conflictingLength)
        case .conflictingLength: (.invalidArgument, 400, .repeatedField)
        case .repeatedField: (.invalidArgument, 400, .transferEncoding)
        case .transferEncoding: (.unsupported, 501, .host)
        case .host: (.invalidArgument, 400, .expectation)
        case .expectation: (.unsupported, 417, .chunk)
        case .chunk: (.invalidArgument, 400, .bodyTooLarge)
        case .bodyTooLarge: (.tooLarge, 413, .budgetExhausted)
        case .budgetExhausted: (.resourceExhausted, 503, .headTimeout)
        case .headTimeout: (.deadlineExceeded, 408, .bodyTimeout)
        case .bodyTimeout: (.deadlineExceeded, 408, .shuttingDown)
        case .shuttingDown: (.unavailable, 503, nil)
        }
    }

    @Test func `every fault has its code, its status and its words`() {
        var fault: HTTPParsingFault? = .requestLine
        var count = 0
        while let this = fault {
            let (code, status, next) = code(of: this)
            let error = HTTPStatusTable.error(for: this)
            #expect(error.code == code, "\(this)")
            #expect(this.status == status, "\(this)")
            #expect(error.message == this.message && !error.message.isEmpty, "\(this)")
            #expect(HTTPResponseHead.phrase(status) != "Status")
            fault = next
            count += 1
        }
        #expect(count == 18)
    }
}
