/// An immutable numbered edition of a model; positive, the highest live one is the default.
package struct ModelVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number, 1 or more.
    package let number: Int64

    /// Makes a version out of a number; `nil` for zero and below.
    package init?(_ number: Int64) {
        guard number > 0 else { return nil }
        self.number = number
    }

    /// Reads a version as a folder name or a URL segment spells it: decimal digits without a leading zero.
    package init?(parsing text: some StringProtocol) {
        guard let first = text.utf8.first, first != UInt8(ascii: "0"),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(text)
        else { return nil }
        self.init(number)
    }

    /// The version of a model that has no version folder.
    package static let first = ModelVersion(1)!

    package var description: String { String(number) }

    package static func < (lhs: ModelVersion, rhs: ModelVersion) -> Bool {
        lhs.number < rhs.number
    }
}

/// One version of one model.
package struct ModelID: Hashable, Sendable, CustomStringConvertible {
    /// The model.
    package let name: ModelName
    /// Its version.
    package let version: ModelVersion

    /// Pairs a name with a version.
    package init(name: ModelName, version: ModelVersion) {
        self.name = name
        self.version = version
    }

    package var description: String { "\(name)/\(version)" }
}

/// What a request says of the model that it wants.
package struct ModelSelector: Hashable, Sendable, CustomStringConvertible {
    /// Which of the model's versions.
    package enum Version: Hashable, Sendable {
        /// The highest live one.
        case latest
        /// Exactly this one.
        case exact(ModelVersion)
        /// The one that a label of the model names now.
        case label(VersionLabel)

        /// Reads what a URL or a message says: a version's number, or else a label.
        ///
        /// - Returns: `nil` for what can be neither.
        package init?(parsing text: String) {
            if let version = ModelVersion(parsing: text) {
                self = .exact(version)
            } else if let label = VersionLabel(text) {
                self = .label(label)
            } else {
                return nil
            }
        }
    }

    /// The model asked for.
    package let name: ModelName
    /// The version asked for.
    package let version: Version

    /// Selects a version of a model.
    package init(name: ModelName, version: Version = .latest) {
        self.name = name
        self.version = version
    }

    /// The name alone, or with version or label: `iris`, `iris/3`, `iris/stable`.
    package var description: String {
        switch version {
        case .latest: "\(name)"
        case .exact(let version): "\(name)/\(version)"
        case .label(let label): "\(name)/\(label)"
        }
    }
}
