package import ApusCore

extension RepositoryIndexEntry {
    /// Reads the answer of a v2 repository index.
    package static func entries(fromJSON json: JSONValue) throws(ClientError) -> [RepositoryIndexEntry] {
        guard let elements = json.elements else {
            throw ClientError(.invalidAnswer, "the repository index is \(json.kind), an array was expected")
        }
        return elements.map { element in
            RepositoryIndexEntry(
                name: element["name"]?.text ?? "",
                version: element["version"]?.text.flatMap { ModelVersion(parsing: $0) },
                state: element["state"]?.text.flatMap(State.init) ?? .unknown,
                reason: element["reason"]?.text ?? ""
            )
        }
    }

    /// The entry as the v2 repository index writes it: what is empty is left out.
    package var json: JSONValue {
        var members = [JSONMember("name", .string(name))]
        if let version { members.append(JSONMember("version", .string(version.description))) }
        members.append(JSONMember("state", .string(state.rawValue)))
        if !reason.isEmpty { members.append(JSONMember("reason", .string(reason))) }
        return .object(members)
    }
}
