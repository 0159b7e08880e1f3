internal import ApusProtocol

extension PushRequest {
    /// Adds a measurement as a command has it: `accuracy=0.97`.
    ///
    /// - Throws: `invalid` when it isn't a name and a finite number.
    package mutating func addMetric(_ text: String) throws(StorageError) {
        guard let (name, value) = PushRequest.pair(text), let number = Double(value), number.isFinite else {
            throw StorageError(.invalid, "'\(text)' is no metric: NAME=NUMBER was expected, as in accuracy=0.97")
        }
        guard !metrics.contains(where: { $0.name == name }) else {
            throw StorageError(.invalid, "metric '\(name)' is given twice")
        }
        metrics.append(VersionManifest.Metric(name: name, value: number))
    }

    /// Adds metadata as a command has it: `commit=abc`, or the text of a JSON object all of whose members count.
    ///
    /// - Throws: `invalid` when it is neither, or names something twice.
    package mutating func addMetadata(_ text: String, fileContents: [UInt8]? = nil) throws(StorageError) {
        var added: [JSONValue.Member]
        if let fileContents {
            do throws(StorageError) {
                added = try DocumentMembers(parsing: fileContents, place: "'\(text)'", maxValues: 10_000).members
            } catch {
                throw StorageError(.invalid, error.message)
            }
        } else {
            guard let (name, value) = PushRequest.pair(text) else {
                throw StorageError(.invalid, "'\(text)' is no metadata: NAME=TEXT or a file NAME.json was expected")
            }
            added = [JSONValue.Member(name, .string(value))]
        }
        for member in added {
            guard !metadata.contains(where: { $0.key == member.key }) else {
                throw StorageError(.invalid, "metadata '\(DocumentMembers.excerpt(member.key))' is given twice")
            }
            metadata.append(member)
        }
    }

    /// Adds an input as v2's metadata describe it.
    package mutating func addInput(name: String, datatype: String, shape: [Int]) {
        inputs.append(PushRequest.tensor(name, datatype, shape))
    }

    /// The same for an output.
    package mutating func addOutput(name: String, datatype: String, shape: [Int]) {
        outputs.append(PushRequest.tensor(name, datatype, shape))
    }

    private static func tensor(_ name: String, _ datatype: String, _ shape: [Int]) -> JSONValue {
        .object([
            .init("name", .string(name)), .init("datatype", .string(datatype)),
            .init("shape", .array(shape.map { .integer(Int64($0)) })),
        ])
    }

    private static func pair(_ text: String) -> (name: String, value: String)? {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
}
