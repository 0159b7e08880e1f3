package import ApusStorage

/// One answer to ListObjectsV2.
package struct ListingPage: Sendable {
    /// The objects that have a legal key; folder markers and lock objects are passed over.
    package let objects: [StoredObject]
    /// How to ask for the rest; `nil` when this was the last page.
    package let next: String?

    /// Reads an answer.
    ///
    /// - Parameters:
    ///   - bytes: The document.
    ///   - prefix: What keys begin with and lose here.
    /// - Throws: Where and why the document isn't such an answer.
    package init(_ bytes: [UInt8], strippingPrefix prefix: String) throws(XMLFault) {
        let document = try XMLReader.read(bytes)
        guard document.name == "ListBucketResult" else {
            throw XMLFault(reason: "a \(document.name.prefix(60)) in place of a ListBucketResult", offset: 0)
        }
        let isEncoded = document["EncodingType"]?.text.lowercased() == "url"
        objects = document.all("Contents").compactMap {
            ListingPage.object($0, isEncoded: isEncoded, strippingPrefix: prefix)
        }
        let isTruncated = document["IsTruncated"]?.text.lowercased() == "true"
        let token = document["NextContinuationToken"]?.text ?? ""
        guard !isTruncated || !token.isEmpty else {
            throw XMLFault(reason: "a truncated listing without a continuation token", offset: 0)
        }
        next = isTruncated ? token : nil
    }

    private static func object(_ element: XMLElement, isEncoded: Bool, strippingPrefix prefix: String) -> StoredObject?
    {
        // Byte by byte: two spellings of one letter are two keys.
        guard let raw = element["Key"]?.text, let key = isEncoded ? PercentEncoding.decode(raw) : raw,
            key.utf8.starts(with: prefix.utf8), let rest = String(key.utf8.dropFirst(prefix.utf8.count)),
            let legal = ObjectKey(rest), !rest.hasSuffix(S3Store.lockSuffix),
            let size = element["Size"].flatMap({ Int($0.text) }), size >= 0
        else { return nil }
        return StoredObject(
            key: legal,
            byteCount: size,
            tag: EntityTag(HTTPAnswerHead.unquoted(element["ETag"]?.text ?? "")),
            modified: element["LastModified"].flatMap { CalendarTime(iso8601: $0.text) }?.secondsSince1970
        )
    }
}
