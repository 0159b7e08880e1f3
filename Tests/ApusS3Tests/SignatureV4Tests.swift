import ApusS3
import ApusStorage
import Testing

@Suite
struct SignatureV4Tests {
    /// The day of the examples in AWS' documentation.
    private let may2013 = CalendarTime(httpDate: "Fri, 24 May 2013 00:00:00 GMT")

    private let documented = SignatureV4(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1"
    )

    @Test(arguments: SignatureCase.all.indices)
    func `signs as botocore does`(index: Int) throws {
        let expected = SignatureCase.all[index]
        let digest = sha256(expected.body)
        let time = try #require(CalendarTime(iso8601: "2026-01-31T23:59:59Z"))
        var fields =
            expected.fields + [
                HTTPField(name: "Host", value: expected.host), HTTPField(name: "X-Amz-Date", value: time.basic),
                HTTPField(name: "X-Amz-Content-SHA256", value: digest),
            ]
        if expected.hasToken {
            fields.append(HTTPField(name: "X-Amz-Security-Token", value: SignatureCase.token))
        }
        let head = SignatureV4.Head(
            method: expected.method,
            path: "/" + PercentEncoding.encodePath(expected.key),
            query: expected.query,
            fields: fields,
            payloadDigest: digest
        )
        let signer = SignatureV4(
            accessKeyID: SignatureCase.accessKeyID,
            secretKey: Secret(SignatureCase.secretKey),
            region: expected.region
        )
        #expect(signer.authorization(for: head, at: time) == expected.authorization)
    }

    /// AWS' own examples.
    ///
    /// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    @Test
    func `signs the documented download of a range`() throws {
        let signature = try signature(
            "GET",
            path: "/test.txt",
            fields: [HTTPField(name: "Range", value: "bytes=0-9")],
            digest: SignatureV4.emptyPayload
        )
        #expect(signature == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test
    func `signs the documented upload`() throws {
        let signature = try signature(
            "PUT",
            path: "/test%24file.text",
            fields: [
                HTTPField(name: "Date", value: "Fri, 24 May 2013 00:00:00 GMT"),
                HTTPField(name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
            ],
            digest: sha256(Array("Welcome to Amazon S3.".utf8))
        )
        #expect(signature == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test
    func `signs the documented listing and the documented question about lifecycles`() throws {
        let listing = try signature("GET", path: "/", query: [QueryItem("prefix", "J"), QueryItem("max-keys", "2")])
        #expect(listing == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
        let lifecycle = try signature("GET", path: "/", query: [QueryItem("lifecycle")])
        #expect(lifecycle == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    /// `get-vanilla` and `get-vanilla-query-order-value` of the published test suite.
    @Test
    func `signs cases of the published suite`() throws {
        let signer = SignatureV4(
            accessKeyID: "AKIDEXAMPLE",
            secretKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1",
            service: "service"
        )
        let time = try #require(CalendarTime(iso8601: "2015-08-30T12:36:00Z"))
        let fields = [
            HTTPField(name: "Host", value: "example.amazonaws.com"),
            HTTPField(name: "X-Amz-Date", value: "20150830T123600Z"),
        ]
        let plain = signer.authorization(for: .init(method: "GET", path: "/", fields: fields), at: time)
        #expect(
            plain == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, "
                + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        )
        let query = [QueryItem("Param2", "value2"), QueryItem("Param1", "value1")]
        let ordered = signer.authorization(for: .init(method: "GET", path: "/", query: query, fields: fields), at: time)
        #expect(ordered.hasSuffix("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"))
        let post = signer.authorization(for: .init(method: "POST", path: "/", fields: fields), at: time)
        #expect(post.hasSuffix("5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"))
    }

    @Test
    func `paths are encoded once and not normalised`() {
        #expect(PercentEncoding.encodePath("a//b/../c d%") == "a//b/../c%20d%25")
        #expect(PercentEncoding.decode("a+b%2Bc%25%C3%A4") == "a b+c%ä")
        #expect(PercentEncoding.decode("%") == nil)
        #expect(PercentEncoding.decode("%zz") == nil)
        #expect(PercentEncoding.decode("%ff") == nil)
    }

    private func signature(
        _ method: String,
        path: String,
        query: [QueryItem] = [],
        fields: [HTTPField] = [],
        digest: String = SignatureV4.emptyPayload
    ) throws -> String {
        let time = try #require(may2013)
        let all =
            fields + [
                HTTPField(name: "Host", value: "examplebucket.s3.amazonaws.com"),
                HTTPField(name: "x-amz-date", value: time.basic),
                HTTPField(name: "x-amz-content-sha256", value: digest),
            ]
        let head = SignatureV4.Head(method: method, path: path, query: query, fields: all, payloadDigest: digest)
        let authorization = documented.authorization(for: head, at: time)
        return String(authorization.suffix(64))
    }
}
