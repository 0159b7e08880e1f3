internal import ApusProtocol

/// Finds keys by their names: in the environment, in a file, or by asking a command.
///
/// The first of the three that knows a key gives it. A key is 32 bytes, written in base64 or as 64 hexadecimal digits.
package struct DecryptionKeys: Sendable {
    /// The bytes of a key.
    static let keyBytes = 32

    private let environment: [String: String]
    private let file: String?
    private let command: [String]
    private let deadline: Duration

    /// No key is known.
    package static let none = DecryptionKeys(environment: [:])

    /// Says where keys are looked for.
    ///
    /// - Parameters:
    ///   - environment: The process' variables; `APUS_KEY_<NAME>` counts (`KeyID.variable`).
    ///   - file: A file with a line `NAME = KEY` for each key; what begins with `#` is passed over.
    ///   - command: A program and its arguments, to which the key's name is added; it prints the key. No shell.
    ///   - deadline: How long the command may take.
    package init(
        environment: [String: String],
        file: String? = nil,
        command: [String] = [],
        deadline: Duration = .seconds(10)
    ) {
        self.environment = environment.filter { $0.key.hasPrefix("APUS_KEY_") }
        self.file = file
        self.command = command
        self.deadline = deadline
    }

    /// The key of this name.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - purpose: What it is for, in messages: `iris/3/model.onnx`.
    /// - Returns: 32 bytes.
    /// - Throws: `undecryptable` when nobody knows it, or what was found is no key.
    package func key(_ id: KeyID, for purpose: String) throws(StorageError) -> Secret<[UInt8]> {
        if let text = environment[id.variable] {
            return try DecryptionKeys.secret(text, of: id, from: "the variable \(id.variable)")
        }
        if let file, let text = try DecryptionKeys.line(of: id, in: file) {
            return try DecryptionKeys.secret(text, of: id, from: "'\(file)'")
        }
        if let program = command.first {
            let output = try KeyCommand(arguments: command + [id.description], deadline: deadline).run()
            return try DecryptionKeys.secret(output, of: id, from: "the command '\(program)'")
        }
        let places = [
            "set \(id.variable)", file.map { "add a line '\(id) = …' to '\($0)'" } ?? "name a file with keys",
        ]
        throw StorageError(
            .undecryptable,
            "'\(purpose)' needs the key '\(id)', which isn't there: \(places.joined(separator: ", or ")) (32 bytes, base64 or hex)"
        )
    }

    /// The key of this name, to encrypt with.
    package func encryptionKey(_ id: KeyID) throws(StorageError) -> EncryptionKey {
        // What `key` gives has the right length.
        EncryptionKey(id: id, secret: try key(id, for: "--encrypt \(id)"))!
    }

    private static func line(of id: KeyID, in file: String) throws(StorageError) -> String? {
        let text = String(decoding: try KeyFile.contents(of: file), as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "="), trimmed(line[..<equals]) == id.description else { continue }
            return String(line[line.index(after: equals)...])
        }
        return nil
    }

    private static func secret(_ text: String, of id: KeyID, from place: String) throws(StorageError) -> Secret<[UInt8]>
    {
        let text = trimmed(text)
        // 64 digits of base64 would be 48 bytes: the two forms can't be taken for one another.
        guard let bytes = hexBytes(of: text) ?? Base64.bytes(of: text), bytes.count == keyBytes else {
            throw StorageError(
                .undecryptable,
                "\(place) holds no key '\(id)': 32 bytes in base64 or 64 hexadecimal digits were expected"
            )
        }
        return Secret(bytes)
    }

    private static func hexBytes(of text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == keyBytes * 2, text.utf8.count == digits.count else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace = { (character: Character) in character.isWhitespace }
        let tail = text.drop(while: isSpace).reversed().drop(while: isSpace)
        return String(tail.reversed())
    }
}
