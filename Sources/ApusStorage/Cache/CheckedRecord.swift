internal import ApusProtocol

/// A small JSON document with the digest of its own text as last member, so that one that was damaged is known as such.
enum CheckedRecord {
    private static let digestKey = Array(",\n\"digest\":\"sha256:".utf8)
    private static let ending = Array("\"}\n".utf8)

    /// Writes a record.
    ///
    /// - Parameter body: Writes its members, one at least.
    /// - Returns: Its text.
    static func encode(_ body: (inout JSONText) -> Void) -> [UInt8] {
        var text = JSONText()
        text.object(body)
        let signed = Array(text.bytes.dropLast())
        return signed + digestKey + SHA256Digest(of: signed).hex.utf8 + ending
    }

    /// Reads a record.
    ///
    /// - Parameters:
    ///   - bytes: Its text.
    ///   - maxValues: How many values it may have.
    /// - Returns: Its members; `nil` when it isn't as it was written.
    static func decode(_ bytes: [UInt8], maxValues: Int = JSONValue.maxValues) -> [JSONValue.Member]? {
        let tailCount = digestKey.count + 64 + ending.count
        guard bytes.count > tailCount else { return nil }
        let signed = bytes.dropLast(tailCount)
        let expected = digestKey + SHA256Digest(of: signed).hex.utf8 + ending
        guard bytes.suffix(tailCount).elementsEqual(expected) else { return nil }
        do throws(JSONFailure) {
            return try JSONValue.parse(bytes, maxValues: maxValues)
        } catch {
            return nil
        }
    }
}

extension [JSONValue.Member] {
    /// A member that is a string.
    func string(_ key: String) -> String? {
        guard case .string(let text) = self[key] else { return nil }
        return text
    }

    /// A member that is an integer.
    func integer(_ key: String) -> Int64? {
        guard case .integer(let number) = self[key] else { return nil }
        return number
    }

    /// A member that is a size: an integer, not below 0.
    func size(_ key: String) -> Int? {
        guard let number = integer(key), number >= 0 else { return nil }
        return Int(exactly: number)
    }

    /// A member that is a digest.
    func digest(_ key: String) -> SHA256Digest? {
        string(key).flatMap { SHA256Digest($0) }
    }
}
