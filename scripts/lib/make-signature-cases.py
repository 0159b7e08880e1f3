#!/usr/bin/env python3
"""Has botocore sign a table of requests, for SignatureCases.swift.

usage: scripts/lib/make-signature-cases.py >Tests/ApusS3Tests/SignatureCases.swift

Made once with botocore 1.44.5; run it again when a case is added.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from unittest import mock
from urllib.parse import quote, urlencode

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIME = datetime.datetime(2026, 1, 31, 23, 59, 59)
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzE==/+token"
CASES = [
    # method, host, key, query, extra fields, body, token, region
    ("GET", "bucket.s3.eu-central-1.amazonaws.com", "model/1/model.onnx", [], {}, b"", False, "eu-central-1"),
    ("GET", "127.0.0.1:9000", "bucket/a b+c%d.onnx", [], {}, b"", False, "us-east-1"),
    ("GET", "127.0.0.1:9000", "bucket/a//b/../c/./d", [], {}, b"", False, "us-east-1"),
    ("GET", "127.0.0.1:9000", "bucket/größe/模型/😀~-_.", [], {}, b"", True, "us-east-1"),
    ("GET", "127.0.0.1:9000", "bucket/!*'();:@&=+$,?#[]\"<>^`{|}", [], {}, b"", False, "us-east-1"),
    (
        "GET",
        "s3.oss-cn-hangzhou.aliyuncs.com",
        "",
        [("list-type", "2"), ("prefix", "a b/ü+"), ("encoding-type", "url"), ("continuation-token", "1/x==")],
        {},
        b"",
        True,
        "oss-cn-hangzhou",
    ),
    ("GET", "h", "b", [("B", "2"), ("a", ""), ("A", "1"), ("a-b", "~"), ("ab", "/")], {}, b"", False, "auto"),
    ("PUT", "h:81", "b/k", [], {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "if-none-match": "*"}, b"", False, "r"),
    (
        "PUT",
        "storage.googleapis.com",
        "b/k",
        [("partNumber", "7"), ("uploadId", "VXBsb2FkIElE/+=")],
        {"x-amz-checksum-sha256": "  two   spaces  ", "content-type": "application/octet-stream"},
        b"hello\x00world",
        True,
        "auto",
    ),
    ("POST", "h", "b/k", [("uploads", "")], {}, b"", False, "us-gov-west-1"),
    ("DELETE", "h", "b/k", [("uploadId", "x y")], {"range": "bytes=0-9"}, b"", False, "eu-west-3"),
    ("HEAD", "[::1]:8080", "b/k", [], {"x-amz-checksum-mode": "ENABLED"}, b"", True, "us-east-1"),
]


def swift(text: str) -> str:
    """Write a string as a Swift literal."""
    return json.dumps(text, ensure_ascii=False).replace("\\u0000", "\\0")


def main() -> None:
    """Print the file."""
    print("// swift-format-ignore-file\n// Made by scripts/lib/make-signature-cases.py with botocore; not to be changed by hand.\n")
    print("import ApusS3\n")
    print("/// A request and how botocore signs it at 2026-01-31T23:59:59Z.\nstruct SignatureCase {")
    for line in ("method: String", "host: String", "key: String", "query: [QueryItem]", "fields: [HTTPField]",
                 "body: [UInt8]", "hasToken: Bool", "region: String", "authorization: String"):
        print(f"    let {line}")
    print(f"\n    static let accessKeyID = {swift(KEY)}\n    static let secretKey = {swift(SECRET)}")
    print(f"    static let token = {swift(TOKEN)}\n\n    static let all: [SignatureCase] = [")
    for method, host, key, query, fields, body, has_token, region in CASES:
        url = f"http://{host}/{quote(key, safe='/~')}"
        if query:
            url += "?" + urlencode(query, quote_via=quote, safe="~")
        request = AWSRequest(method=method, url=url, headers=dict(fields), data=body)
        signer = botocore.auth.S3SigV4Auth(Credentials(KEY, SECRET, TOKEN if has_token else None), "s3", region)
        with mock.patch.object(botocore.auth, "get_current_datetime", return_value=TIME):
            signer.add_auth(request)
        assert request.headers["X-Amz-Content-SHA256"] == hashlib.sha256(body).hexdigest()
        items = ", ".join(f"QueryItem({swift(n)}, {swift(v)})" for n, v in query)
        sent = ", ".join(f"HTTPField(name: {swift(n)}, value: {swift(v)})" for n, v in fields.items())
        print(f"        SignatureCase(method: {swift(method)}, host: {swift(host)}, key: {swift(key)},")
        print(f"            query: [{items}], fields: [{sent}],")
        print(f"            body: {list(body)}, hasToken: {str(has_token).lower()}, region: {swift(region)},")
        print(f"            authorization: {swift(request.headers['Authorization'])}),")
    print("    ]\n}")


if __name__ == "__main__":
    main()
