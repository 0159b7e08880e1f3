internal import NIOCore

/// One request to a bucket before it is signed.
struct S3Request {
    /// The verb.
    var method: String
    /// The whole key in the bucket; empty for the bucket itself.
    var key = ""
    /// Names and values, not encoded.
    var query: [QueryItem] = []
    /// Fields beyond those that signing adds.
    var fields: [HTTPField] = []
    /// The body and its SHA-256 in hexadecimal digits.
    var body: (bytes: ByteBuffer, digest: String)?
    /// The most bytes of a body that is collected.
    var byteLimit = 64 << 10
    /// Takes the body of a success.
    var sink: (any BodySink)?
    /// Whether a success may turn out to be an error in its body, as with completions of multipart uploads.
    var mayFailLate = false
}

/// What came of a request that got an answer.
enum S3Outcome {
    /// A status from 200 to 299.
    case success(HTTPAnswer)
    /// Another one that trying again doesn't change.
    case refused(S3Failure)
}
