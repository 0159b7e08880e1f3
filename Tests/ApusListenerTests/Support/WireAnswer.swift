/// An answer as it went over the wire, taken apart the simple way.
struct WireAnswer: Equatable {
    var status: Int
    var fields: [String: String]
    var body: String

    subscript(name: String) -> String? { fields[name.lowercased()] }

    /// Takes a stream of answers apart; the verbs of the requests say which answers have no body.
    ///
    /// - Returns: `nil` when the bytes are no whole answers.
    static func all(in bytes: [UInt8], verbs: [String] = []) -> [WireAnswer]? {
        var answers: [WireAnswer] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = endOfHead(rest) else { return nil }
            let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n")
            guard let line = lines.first, line.hasPrefix("HTTP/1.1 "), let status = Int(line.dropFirst(9).prefix(3))
            else { return nil }
            var answer = WireAnswer(status: status, fields: [:], body: "")
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { return nil }
                answer.fields[parts[0].lowercased()] = String(parts[1].dropFirst())
            }
            rest = rest[(end + 4)...]
            let verb = answers.count < verbs.count ? verbs[answers.count] : "GET"
            let length = verb == "HEAD" ? 0 : Int(answer["Content-Length"] ?? "0") ?? 0
            guard rest.count >= length else { return nil }
            answer.body = String(decoding: rest.prefix(length), as: UTF8.self)
            rest = rest.dropFirst(length)
            answers.append(answer)
        }
        return answers
    }

    private static func endOfHead(_ bytes: ArraySlice<UInt8>) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        return bytes.indices.first { bytes[$0...].starts(with: mark) }
    }
}
