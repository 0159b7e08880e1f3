import ApusS3
import Crypto

extension FakeBucket {
    static func good(_ request: FakeRequest, _ state: inout State) -> FakeAnswer {
        let path = PercentEncoding.decode(request.path.replacing("+", with: "%2B")) ?? ""
        guard path == "/\(name)" || path.hasPrefix("/\(name)/") else { return error(404, "NoSuchBucket") }
        let key = String(path.dropFirst(name.utf8.count + 2))
        let query = items(request.query)
        switch request.method {
        case "GET" where key.isEmpty: return list(query, state)
        case "GET", "HEAD": return get(key, request, state)
        case "PUT" where query["uploadId"] != nil: return putPart(query, request, &state)
        case "PUT": return put(key, request.body, tag: md5(request.body), request, &state)
        case "POST" where query["uploads"] != nil:
            let identifier = "upload-\(state.uploads.count)"
            state.uploads[identifier] = [:]
            return document("<R><UploadId>\(identifier)</UploadId></R>")
        case "POST": return complete(key, query, request, &state)
        case "DELETE":
            if let upload = query["uploadId"] { state.uploads[upload] = nil } else { state.objects[key] = nil }
            return FakeAnswer(status: 204)
        default: return error(405, "MethodNotAllowed")
        }
    }

    private static func get(_ key: String, _ request: FakeRequest, _ state: State) -> FakeAnswer {
        guard let object = state.objects[key] else { return error(404, "NoSuchKey") }
        if request["if-none-match"] == "\"\(object.tag)\"" { return FakeAnswer(status: 304) }
        if let wanted = request["if-match"], wanted != "\"\(object.tag)\"" {
            return error(412, "PreconditionFailed")
        }
        var answer = FakeAnswer(body: object.bytes)
        answer.fields = [("ETag", "\"\(object.tag)\""), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")]
        if state.sendsChecksums, request["x-amz-checksum-mode"] != nil {
            answer.fields.append(("x-amz-checksum-sha256", base64(SHA256.hash(data: object.bytes))))
        }
        guard !state.ignoresRanges, let range = request["range"] else { return answer }
        let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] < object.bytes.count else { return error(416, "InvalidRange") }
        let last = min(ends[1], object.bytes.count - 1)
        answer.status = 206
        answer.body = Array(object.bytes[ends[0]...last])
        answer.fields.append(("Content-Range", "bytes \(ends[0])-\(last)/\(object.bytes.count)"))
        return answer
    }

    private static func put(
        _ key: String,
        _ bytes: [UInt8],
        tag: String,
        _ request: FakeRequest,
        _ state: inout State
    ) -> FakeAnswer {
        let absent = request["if-none-match"]
        let unchanged = request["if-match"]
        if !state.overlooksConditions, absent != nil || unchanged != nil {
            guard state.checksConditions else { return error(501, "NotImplemented") }
            if absent != nil, state.objects[key] != nil { return error(412, "PreconditionFailed") }
            if let unchanged {
                guard let object = state.objects[key] else { return error(404, "NoSuchKey") }
                guard unchanged == "\"\(object.tag)\"" else { return error(412, "PreconditionFailed") }
            }
        }
        if let sum = request["content-md5"], sum != base64(Insecure.MD5.hash(data: request.body)) {
            return error(400, "BadDigest")
        }
        state.objects[key] = Object(bytes: bytes, tag: tag)
        return FakeAnswer(fields: [("ETag", "\"\(tag)\"")])
    }

    private static func putPart(_ query: [String: String], _ request: FakeRequest, _ state: inout State) -> FakeAnswer {
        guard let number = query["partNumber"].flatMap({ Int($0) }), let upload = query["uploadId"],
            state.uploads[upload] != nil
        else { return error(404, "NoSuchUpload") }
        let tag = md5(request.body)
        state.uploads[upload]?[number] = Object(bytes: request.body, tag: tag)
        return FakeAnswer(fields: [("ETag", "\"\(tag)\"")])
    }

    private static func complete(
        _ key: String,
        _ query: [String: String],
        _ request: FakeRequest,
        _ state: inout State
    ) -> FakeAnswer {
        guard let upload = query["uploadId"], let parts = state.uploads[upload],
            let document = try? XMLReader.read(request.body)
        else { return error(404, "NoSuchUpload") }
        let listed = document.all("Part").compactMap { Int($0["PartNumber"]?.text ?? "") }.compactMap { parts[$0] }
        let digests = listed.flatMap { Array(Insecure.MD5.hash(data: $0.bytes)) }
        let tag = "\(md5(digests))-\(listed.count)"
        let answer = put(key, listed.flatMap(\.bytes), tag: tag, request, &state)
        guard answer.status == 200 else { return answer }
        state.uploads[upload] = nil
        return FakeBucket.document("<C><ETag>&quot;\(tag)&quot;</ETag></C>")
    }

    private static func list(_ query: [String: String], _ state: State) -> FakeAnswer {
        let after = query["continuation-token"] ?? ""
        let keys = state.objects.keys.filter { $0.hasPrefix(query["prefix"] ?? "") && $0 > after }.sorted()
        let page = keys.prefix(state.pageSize)
        var text = "<ListBucketResult><EncodingType>url</EncodingType>"
        text += "<IsTruncated>\(keys.count > page.count)</IsTruncated>"
        if keys.count > page.count { text += "<NextContinuationToken>\(page.last ?? "")</NextContinuationToken>" }
        for key in page {
            guard let object = state.objects[key] else { continue }
            text += "<Contents><Key>\(PercentEncoding.encodePath(key))</Key><Size>\(object.bytes.count)</Size>"
            text += "<ETag>&quot;\(object.tag)&quot;</ETag>"
            text += "<LastModified>2026-01-31T23:59:59.000Z</LastModified></Contents>"
        }
        return document(text + "</ListBucketResult>")
    }

    private static func document(_ text: String) -> FakeAnswer { FakeAnswer(body: Array(text.utf8)) }

    private static func items(_ query: String) -> [String: String] {
        var items: [String: String] = [:]
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items[String(parts[0])] = PercentEncoding.decode(String(parts.count > 1 ? parts[1] : "")) ?? ""
        }
        return items
    }

    static func base64(_ bytes: some Sequence<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let all = Array(bytes)
        var text = ""
        for start in stride(from: 0, to: all.count, by: 3) {
            let group = (0..<3).map { start + $0 < all.count ? UInt32(all[start + $0]) : 0 }
            let word = group[0] << 16 | group[1] << 8 | group[2]
            for place in 0..<4 {
                let isPadding = start + place > all.count
                text.append(isPadding ? "=" : alphabet[Int(word >> (18 - 6 * UInt32(place)) & 63)])
            }
        }
        return text
    }
}
