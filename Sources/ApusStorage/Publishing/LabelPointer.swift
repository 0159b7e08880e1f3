package import ApusCore
internal import ApusProtocol

/// Where a model's labels point, and how that came: `<model>/apus-labels.json`, changed by conditional write only.
///
/// ```json
/// {
///   "stable": 3,
///   "$history": [
///     {"label": "stable", "from": 2, "to": 3, "time": 1795300000, "by": "ann@host"}
///   ]
/// }
/// ```
package struct LabelPointer: Sendable, Equatable {
    /// The file's name.
    package static let filename = "apus-labels.json"
    /// The most bytes of the file.
    package static let maxBytes = 1 << 20
    /// The most labels of a model.
    package static let maxLabels = 1000
    /// How many moves are remembered.
    package static let maxMoves = 200
    private static let historyMember = "$history"

    /// A change of a label.
    package struct Move: Sendable, Hashable {
        /// Which label.
        package let label: VersionLabel
        /// Where it pointed before; `nil` for nowhere.
        package let from: ModelVersion?
        /// Where it points since; `nil` for nowhere.
        package let to: ModelVersion?
        /// When, in seconds since 1970.
        package let time: Int64
        /// Who did it, as far as they said.
        package let by: String
        /// Whether it took back an earlier move.
        package let isRollback: Bool
    }

    /// Where each label points.
    package private(set) var versions: [VersionLabel: ModelVersion] = [:]
    /// What happened to them, the newest last.
    package private(set) var moves: [Move] = []

    /// No labels.
    package init() {}

    private init(versions: [VersionLabel: ModelVersion]) {
        self.versions = versions
    }

    /// The file's key.
    package static func key(of model: ModelName) -> ObjectKey {
        // A model's name has at most 255 characters that are all legal.
        ObjectKey("\(model)/\(filename)")!
    }

    /// The labels that point to a version, sorted.
    package func labels(of version: ModelVersion) -> [VersionLabel] {
        versions.filter { $0.value == version }.map(\.key).sorted()
    }

    /// The highest number that it ever named; 0 for none.
    var highestNumber: Int64 {
        let moved = moves.flatMap { [$0.from, $0.to] }.compactMap { $0?.number }
        return (versions.values.map(\.number) + moved).max() ?? 0
    }

    /// Lets a label point to a version.
    ///
    /// - Returns: Whether that is a change.
    /// - Throws: `tooLarge` when the model has too many labels.
    package mutating func move(
        _ label: VersionLabel,
        to version: ModelVersion,
        at time: Int64,
        by: String
    ) throws(StorageError) -> Bool {
        guard versions[label] != version else { return false }
        guard versions[label] != nil || versions.count < LabelPointer.maxLabels else {
            throw StorageError(.tooLarge, "the model has \(LabelPointer.maxLabels) labels, which is the most")
        }
        record(label, to: version, at: time, by: by)
        return true
    }

    /// Lets a label point to where it pointed before, and when that is done again, to where it pointed before that.
    ///
    /// - Returns: The version that it points to now.
    /// - Throws: `notFound` when there is no such label, or it was never elsewhere.
    package mutating func rollBack(
        _ label: VersionLabel,
        at time: Int64,
        by: String
    ) throws(StorageError) -> ModelVersion {
        guard versions[label] != nil else { throw unknown(label) }
        var before: [ModelVersion?] = []
        for move in moves where move.label == label {
            if move.isRollback { _ = before.popLast() } else { before.append(move.from) }
        }
        guard let last = before.last, let version = last else {
            throw StorageError(
                .notFound,
                "label '\(label)' has pointed to nothing before version \(versions[label].map { "\($0)" } ?? ""): "
                    + "move it with 'apus promote'"
            )
        }
        record(label, to: version, at: time, by: by, isRollback: true)
        return version
    }

    /// Lets every label point to where it points in a copy of the file.
    ///
    /// A copy that knows all that has happened here is taken as it is; else what changes is noted behind what has.
    ///
    /// - Returns: What changes, by label.
    package mutating func follow(_ copy: LabelPointer, at time: Int64, by: String) -> [Move] {
        let labels = Set(versions.keys).union(copy.versions.keys).sorted()
        let changes = labels.filter { versions[$0] != copy.versions[$0] }.map {
            Move(label: $0, from: versions[$0], to: copy.versions[$0], time: time, by: by, isRollback: false)
        }
        if copy.moves.starts(with: moves) {
            self = copy
        } else {
            for change in changes { record(change.label, to: change.to, at: time, by: by) }
        }
        return changes
    }

    /// Takes a label away.
    package mutating func remove(_ label: VersionLabel, at time: Int64, by: String) throws(StorageError) {
        guard versions[label] != nil else { throw unknown(label) }
        record(label, to: nil, at: time, by: by)
    }

    private func unknown(_ label: VersionLabel) -> StorageError {
        let known = versions.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
        return StorageError(
            .notFound,
            "there is no label '\(label)'; there \(known.isEmpty ? "is none" : "are \(known)")"
        )
    }

    private mutating func record(
        _ label: VersionLabel,
        to version: ModelVersion?,
        at time: Int64,
        by: String,
        isRollback: Bool = false
    ) {
        let from = versions[label]
        moves.append(Move(label: label, from: from, to: version, time: time, by: by, isRollback: isRollback))
        moves.removeFirst(max(0, moves.count - LabelPointer.maxMoves))
        versions[label] = version
    }
}

extension LabelPointer {
    /// The file's text.
    package var text: [UInt8] {
        var members = versions.sorted { $0.key < $1.key }.map { label, version in
            JSONValue.Member(label.description, .integer(version.number))
        }
        members.append(.init(LabelPointer.historyMember, .array(moves.map(\.value))))
        return ReadableJSON.text(of: members)
    }

    /// Reads the file of a model; one that was written by hand needs no history.
    ///
    /// - Throws: `damaged` with the place.
    package static func read(_ bytes: [UInt8], of model: ModelName) throws(StorageError) -> LabelPointer {
        try read(bytes, place: "\(model)/\(filename)")
    }

    /// Reads a file; `place` is its name in messages.
    ///
    /// - Throws: `damaged` with the place.
    package static func read(_ bytes: [UInt8], place: String) throws(StorageError) -> LabelPointer {
        let members: [JSONValue.Member]
        do throws(JSONFailure) {
            members = try JSONValue.parse(bytes, maxDepth: 16, maxValues: 10_000)
        } catch {
            throw fault(place, "it isn't readable as a JSON object")
        }
        var pointer = LabelPointer(versions: try versions(members, place))
        // Refuses a name that comes twice, also in the history.
        let document = try DocumentMembers(.object(members), place: place)
        for (index, element) in try document.elements(historyMember).enumerated() {
            pointer.moves.append(try Move(DocumentMembers(element, place: "\(document.place), history[\(index)]")))
        }
        pointer.moves.removeFirst(max(0, pointer.moves.count - maxMoves))
        return pointer
    }

    /// The members that are labels.
    private static func versions(
        _ members: [JSONValue.Member],
        _ place: String
    ) throws(StorageError) -> [VersionLabel: ModelVersion] {
        let labels = members.filter { !$0.key.hasPrefix("$") }
        guard labels.count <= maxLabels else {
            throw fault(place, "it has \(labels.count) labels; at most \(maxLabels) are read")
        }
        var versions: [VersionLabel: ModelVersion] = [:]
        for member in labels {
            guard let label = VersionLabel(member.key) else {
                throw fault(place, "'\(DocumentMembers.excerpt(member.key))' can't be a label: \(VersionLabel.rule)")
            }
            guard case .integer(let number) = member.value, let version = ModelVersion(number) else {
                throw fault(place, "label '\(label)' has no version number, which is 1 or more")
            }
            guard versions.updateValue(version, forKey: label) == nil else {
                throw fault(place, "label '\(label)' comes twice")
            }
        }
        return versions
    }

    private static func fault(_ place: String, _ words: String) -> StorageError {
        StorageError(.damaged, "\(place): \(words)")
    }
}

extension LabelPointer.Move {
    fileprivate init(_ document: DocumentMembers) throws(StorageError) {
        guard let label = VersionLabel(try document.text("label")) else { throw document.fault("label", "a label") }
        func version(_ name: String) throws(StorageError) -> ModelVersion? {
            document[name] == nil ? nil : ModelVersion(try document.integer(name, in: 1...Int64.max))
        }
        self.init(
            label: label,
            from: try version("from"),
            to: try version("to"),
            time: try document.integer("time", in: 0...Int64.max),
            by: try document.text("by", orElse: ""),
            isRollback: document["rollback"] == .bool(true)
        )
    }

    fileprivate var value: JSONValue {
        var members: [JSONValue.Member] = [
            .init("label", .string(label.description)),
            .init("from", from.map { .integer($0.number) } ?? .null),
            .init("to", to.map { .integer($0.number) } ?? .null),
            .init("time", .integer(time)),
            .init("by", .string(by)),
        ]
        if isRollback { members.append(.init("rollback", .bool(true))) }
        return .object(members)
    }
}
