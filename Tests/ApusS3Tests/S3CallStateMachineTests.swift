import ApusCore
import ApusS3
import ApusStorage
import ApusTesting
import Testing

@Suite
struct S3CallStateMachineTests {
    private let now = MonotonicTime(nanoseconds: 1_000_000_000)
    private let signed = CalendarTime(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")

    @Test
    func `each mending happens once, and then the answer stays`() {
        var machine = machine()
        let expired = refusal(400, "ExpiredToken")
        #expect(refused(&machine, expired) == .replaceCredentials)
        #expect(refused(&machine, expired) == .done)
        let elsewhere = refusal(301, "", [("x-amz-bucket-region", "eu-west-3")])
        #expect(refused(&machine, elsewhere) == .useRegion("eu-west-3"))
        #expect(refused(&machine, refusal(301, "", [("x-amz-bucket-region", "eu-west-1")])) == .done)
        let skewed = refusal(403, "RequestTimeTooSkewed", [("date", "Sun, 06 Nov 1994 09:49:37 GMT")])
        #expect(
            refused(&machine, skewed)
                == CalendarTime(httpDate: "Sun, 06 Nov 1994 09:49:37 GMT").map { .correctClock($0) }
        )
        #expect(refused(&machine, skewed) == .done)
    }

    @Test(arguments: [304, 400, 403, 404, 405, 409, 412, 416, 501])
    func `an answer that trying again doesn't change stays`(status: Int) {
        var machine = machine()
        #expect(refused(&machine, refusal(status, "Whatever")) == .done)
    }

    @Test(arguments: [
        (500, ""), (503, "SlowDown"), (400, "RequestTimeout"), (409, "ConditionalRequestConflict"), (429, ""),
    ])
    func `what passes by itself is tried again until patience ends`(status: Int, code: String) {
        var machine = machine()
        for _ in 0..<11 {
            guard case .again = refused(&machine, refusal(status, code)) else {
                Issue.record("given up too early")
                return
            }
        }
        #expect(refused(&machine, refusal(status, code)) == .giveUp)
    }

    @Test
    func `without a signature neither clock nor credentials are to blame`() {
        var machine = machine()
        let skewed = refusal(403, "RequestTimeTooSkewed", [("date", "Sun, 06 Nov 1994 09:49:37 GMT")])
        #expect(machine.refused(skewed, region: "r", signed: nil, now: now) == .done)
        #expect(machine.refused(refusal(403, "ExpiredToken"), region: "r", signed: nil, now: now) == .done)
    }

    @Test
    func `a region that could lead to another host is passed over`() {
        var machine = machine()
        for text in ["evil.example/x", "a b", "", "EU", String(repeating: "a", count: 41)] {
            #expect(refused(&machine, refusal(301, "", [("x-amz-bucket-region", text)])) == .done)
        }
    }

    @Test
    func `damage is tried again twice, what can't be mended never`() {
        var machine = machine()
        #expect(machine.failed(.tooLarge, now: now) == .giveUp)
        for _ in 0..<2 { #expect(machine.failed(.damaged, now: now) != .giveUp) }
        #expect(machine.failed(.damaged, now: now) == .giveUp)
        #expect(machine.failed(.unreachable, now: now) != .giveUp)
    }

    private func machine() -> S3CallStateMachine {
        let retries = RetryPlan(limits: RetryPlan.Limits(), now: now, generator: SeededGenerator(seed: 1))
        return S3CallStateMachine(retries: retries)
    }

    private func refused(_ machine: inout S3CallStateMachine, _ failure: S3Failure) -> S3CallStateMachine.Next {
        machine.refused(failure, region: "us-east-1", signed: signed, now: now)
    }

    private func refusal(_ status: Int, _ code: String, _ fields: [(String, String)] = []) -> S3Failure {
        let body = code.isEmpty ? "" : "<Error><Code>\(code)</Code></Error>"
        let head = HTTPAnswerHead(status: status, fields: fields.map { HTTPField(name: $0.0, value: $0.1) })
        return S3Failure(HTTPAnswer(head: head, body: Array(body.utf8)))
    }
}
