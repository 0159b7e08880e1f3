package import ApusStorage

/// What an answer that isn't a success says: status, S3's error code and the facts that help to mend it.
package struct S3Failure: Sendable, Equatable {
    /// The status.
    package let status: Int
    /// S3's code, `NoSuchKey`; empty where the answer has none, as to HEAD.
    package let code: String
    /// S3's sentence, at most 300 characters of it, without control characters.
    package let message: String
    /// The region that the server says the bucket is in.
    package let region: String?
    /// The server's time.
    package let date: CalendarTime?
    /// How long the server wants to be left alone, in nanoseconds.
    package let retryAfter: Int64

    /// Reads an answer.
    package init(_ answer: HTTPAnswer) {
        let document = try? XMLReader.read(answer.body)
        let error = document?.name == "Error" ? document : document?["Error"]
        status = answer.head.status
        code = S3Failure.line(error?["Code"]?.text ?? "")
        message = S3Failure.line(error?["Message"]?.text ?? "")
        let named = answer.head["x-amz-bucket-region"] ?? error?["Region"]?.text
        region = named.flatMap { S3Failure.isRegion($0) ? $0 : nil }
        date = answer.head["date"].flatMap { CalendarTime(httpDate: $0) }
        let seconds = answer.head["retry-after"].flatMap { UInt16($0) } ?? 0
        retryAfter = Int64(seconds) * 1_000_000_000
    }

    /// What needs no question: there is no such object.
    static let absent = S3Failure(HTTPAnswer(head: HTTPAnswerHead(status: 404, fields: []), body: []))

    /// Status, code and sentence.
    package var words: String {
        let parts = ["status \(status)", code, message].filter { !$0.isEmpty }
        return parts.joined(separator: ", ")
    }

    private static func line(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(300).map(Character.init))
    }

    private static func isRegion(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }
}
