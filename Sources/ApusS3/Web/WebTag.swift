internal import ApusStorage

/// How states of objects on a web server are told apart: by the entity tag, else by time and size.
enum WebTag {
    private static let prefix = "modified-"

    /// The tag of what has none.
    static func made(modified: Int64?, byteCount: Int) -> String {
        "\(prefix)\(modified.map(String.init) ?? "unknown")-\(byteCount)"
    }

    /// The state that an answer is of, in the way in which `expected` tells states apart; `nil` where it doesn't say.
    static func tag(of head: HTTPAnswerHead, like expected: EntityTag, byteCount: Int) -> EntityTag? {
        guard expected.description.hasPrefix(prefix) else { return head.entityTag.map { EntityTag($0) } }
        guard let modified = head.modified, !expected.description.hasPrefix("\(prefix)unknown-") else { return nil }
        return EntityTag(made(modified: modified, byteCount: byteCount))
    }

    /// The fields that ask for this state; none where the server couldn't check it.
    static func conditions(_ tag: EntityTag) -> [HTTPField] {
        let text = tag.description
        guard !text.hasPrefix(prefix), !text.hasPrefix("W/") else { return [] }
        return [HTTPField(name: "if-match", value: "\"\(text)\"")]
    }

    /// The fields that ask for another state; none where the server couldn't check it.
    static func unless(_ tag: EntityTag) -> [HTTPField] {
        let text = tag.description
        guard !text.hasPrefix(prefix) else { return [] }
        let isWeak = text.hasPrefix("W/")
        return [HTTPField(name: "if-none-match", value: isWeak ? "W/\"\(text.dropFirst(2))\"" : "\"\(text)\"")]
    }
}

extension HTTPAnswerHead {
    /// When the object was changed, in seconds since 1970.
    var modified: Int64? { self["last-modified"].flatMap { CalendarTime(httpDate: $0) }?.secondsSince1970 }
}
