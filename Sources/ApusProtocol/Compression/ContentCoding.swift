/// The content codings of HTTP that the server reads and writes.
package enum ContentCoding: String, Sendable {
    case identity
    case gzip
    /// A zlib stream (RFC 1950), as HTTP means the word.
    case deflate

    /// Reads a `Content-Encoding` value; `nil` for anything unknown and for more than one coding.
    package init?(contentEncoding text: String) {
        switch text.lowercased() {
        case "", "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        default: return nil
        }
    }

    /// Chooses by an `Accept-Encoding` value: the highest quality wins, the first listed among equals.
    package init(acceptEncoding text: String) {
        var best = ContentCoding.identity
        var bestQuality = 0
        for element in text.split(separator: ",") {
            let parts = element.split(separator: ";").map { $0.trimmingSpace() }
            guard let name = parts.first, !name.isEmpty, let coding = ContentCoding(contentEncoding: String(name))
            else { continue }
            let quality = parts.dropFirst().compactMap(ContentCoding.quality).first ?? 1000
            if quality > bestQuality {
                best = coding
                bestQuality = quality
            }
        }
        self = best
    }

    /// Reads `q=0.5` as 500; `nil` for another parameter.
    private static func quality(_ parameter: Substring) -> Int? {
        guard parameter.hasPrefix("q=") || parameter.hasPrefix("Q=") else { return nil }
        let digits = parameter.dropFirst(2).utf8
        guard digits.count <= 5, let value = Double(String(parameter.dropFirst(2))), value >= 0, value <= 1 else {
            return 0
        }
        return Int(value * 1000)
    }
}

extension Substring {
    fileprivate func trimmingSpace() -> Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
