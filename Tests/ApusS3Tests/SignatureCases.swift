// swift-format-ignore-file
// Made by scripts/lib/make-signature-cases.py with botocore; not to be changed by hand.

import ApusS3

/// A request and how botocore signs it at 2026-01-31T23:59:59Z.
struct SignatureCase {
    let method: String
    let host: String
    let key: String
    let query: [QueryItem]
    let fields: [HTTPField]
    let body: [UInt8]
    let hasToken: Bool
    let region: String
    let authorization: String

    static let accessKeyID = "AKIDEXAMPLE"
    static let secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let token = "FwoGZXIvYXdzE==/+token"

    static let all: [SignatureCase] = [
        SignatureCase(method: "GET", host: "bucket.s3.eu-central-1.amazonaws.com", key: "model/1/model.onnx",
            query: [], fields: [],
            body: [], hasToken: false, region: "eu-central-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=3029a1070e98cf97f403a65d180d6c1e3653bd667f32eb03427f3c8fcfbeb632"),
        SignatureCase(method: "GET", host: "127.0.0.1:9000", key: "bucket/a b+c%d.onnx",
            query: [], fields: [],
            body: [], hasToken: false, region: "us-east-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=cc1b9acc4976465c15005c9473509165f0c65b7ddbdbac4618611e734bc67c60"),
        SignatureCase(method: "GET", host: "127.0.0.1:9000", key: "bucket/a//b/../c/./d",
            query: [], fields: [],
            body: [], hasToken: false, region: "us-east-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=795f01f0197f52601f3cff2219f79a02b8d12b8ae4dbf968f1ac2ec6ce83ab31"),
        SignatureCase(method: "GET", host: "127.0.0.1:9000", key: "bucket/größe/模型/😀~-_.",
            query: [], fields: [],
            body: [], hasToken: true, region: "us-east-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=109a01deafea3761c8598d3f766b165b1b6f3b8bf9755a92aecc76558e65b7b3"),
        SignatureCase(method: "GET", host: "127.0.0.1:9000", key: "bucket/!*'();:@&=+$,?#[]\"<>^`{|}",
            query: [], fields: [],
            body: [], hasToken: false, region: "us-east-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=c7f0f2f2dbae9aeb3ace78fe4cc7c318b97e24ebbe8130861bd11cc7497674e7"),
        SignatureCase(method: "GET", host: "s3.oss-cn-hangzhou.aliyuncs.com", key: "",
            query: [QueryItem("list-type", "2"), QueryItem("prefix", "a b/ü+"), QueryItem("encoding-type", "url"), QueryItem("continuation-token", "1/x==")], fields: [],
            body: [], hasToken: true, region: "oss-cn-hangzhou",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/oss-cn-hangzhou/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=3af438d0b929d1533ef55ef3ca939ffd2e6da084fadda5e754b4a639ba68c412"),
        SignatureCase(method: "GET", host: "h", key: "b",
            query: [QueryItem("B", "2"), QueryItem("a", ""), QueryItem("A", "1"), QueryItem("a-b", "~"), QueryItem("ab", "/")], fields: [],
            body: [], hasToken: false, region: "auto",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/auto/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=b61598f9f91361e160b9fe65a79548e5e7c2ecd2d1b9ec673985400978cfbc9b"),
        SignatureCase(method: "PUT", host: "h:81", key: "b/k",
            query: [], fields: [HTTPField(name: "content-md5", value: "1B2M2Y8AsgTpgAmY7PhCfg=="), HTTPField(name: "if-none-match", value: "*")],
            body: [], hasToken: false, region: "r",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/r/s3/aws4_request, SignedHeaders=content-md5;host;if-none-match;x-amz-content-sha256;x-amz-date, Signature=d632d6b42c2bc6b86890673b73dd5e3713f92fcffc868985aff6bae629898790"),
        SignatureCase(method: "PUT", host: "storage.googleapis.com", key: "b/k",
            query: [QueryItem("partNumber", "7"), QueryItem("uploadId", "VXBsb2FkIElE/+=")], fields: [HTTPField(name: "x-amz-checksum-sha256", value: "  two   spaces  "), HTTPField(name: "content-type", value: "application/octet-stream")],
            body: [104, 101, 108, 108, 111, 0, 119, 111, 114, 108, 100], hasToken: true, region: "auto",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/auto/s3/aws4_request, SignedHeaders=content-type;host;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=f326d35e2e17e665bcd66cedde1bfd138dd70987d88b0e44428237593661078c"),
        SignatureCase(method: "POST", host: "h", key: "b/k",
            query: [QueryItem("uploads", "")], fields: [],
            body: [], hasToken: false, region: "us-gov-west-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-gov-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=10d92cea3f8a3260661fd23eb306c0772465b0d1024c3dda2e9513026347c9d6"),
        SignatureCase(method: "DELETE", host: "h", key: "b/k",
            query: [QueryItem("uploadId", "x y")], fields: [HTTPField(name: "range", value: "bytes=0-9")],
            body: [], hasToken: false, region: "eu-west-3",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-west-3/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=b478485135f71bd0a1c174d05ca0989689af9b6f9bd46414d9cc120ede59f69f"),
        SignatureCase(method: "HEAD", host: "[::1]:8080", key: "b/k",
            query: [], fields: [HTTPField(name: "x-amz-checksum-mode", value: "ENABLED")],
            body: [], hasToken: true, region: "us-east-1",
            authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-checksum-mode;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=c82bad0d5fec42b997fcb1780e59961e96022e702b4a15c9956345f39bb9ab4f"),
    ]
}
