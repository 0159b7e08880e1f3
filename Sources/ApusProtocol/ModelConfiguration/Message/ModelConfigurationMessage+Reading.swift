extension ModelConfigurationMessage {
    /// Whether a field is set, to whatever value.
    package func isSet(_ name: String) -> Bool {
        field(name) != nil
    }

    /// Where a field first stands; nil when it is not set or came from no text.
    package func position(of name: String) -> TextPosition? {
        field(name)?.position
    }

    /// The values of a field in the order of the text.
    package func values(_ name: String) -> [ModelConfigurationValue] {
        field(name)?.elements.map(\.value) ?? []
    }

    /// The text of a singular field.
    package func string(_ name: String) -> String {
        strings(name).first ?? ""
    }

    /// The texts of a repeated field.
    package func strings(_ name: String) -> [String] {
        values(name).compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// The number of a singular field with sign.
    package func signed(_ name: String) -> Int64 {
        signedNumbers(name).first ?? 0
    }

    /// The numbers of a repeated field with sign.
    package func signedNumbers(_ name: String) -> [Int64] {
        values(name).compactMap { if case .signed(let number) = $0 { number } else { nil } }
    }

    /// The number of a singular field without sign.
    package func unsigned(_ name: String) -> UInt64 {
        unsignedNumbers(name).first ?? 0
    }

    /// The numbers of a repeated field without sign.
    package func unsignedNumbers(_ name: String) -> [UInt64] {
        values(name).compactMap { if case .unsigned(let number) = $0 { number } else { nil } }
    }

    /// Whether a singular field is true.
    package func boolean(_ name: String) -> Bool {
        values(name).first == .boolean(true)
    }

    /// The floating-point number of a singular field of either size.
    package func double(_ name: String) -> Double {
        doubles(name).first ?? 0
    }

    /// The floating-point numbers of a repeated field of either size.
    package func doubles(_ name: String) -> [Double] {
        values(name).compactMap {
            switch $0 {
            case .float(let number): Double(number)
            case .double(let number): number
            default: nil
            }
        }
    }

    /// The enumeration member of a singular field, or the first one when it is not set.
    package func enumeration(_ name: String) -> EnumerationSchema.Member? {
        guard case .enumeration(let member)? = values(name).first ?? schema.field(named: name)?.defaultValue else {
            return nil
        }
        return member
    }

    /// The message of a singular field, or nil when it is not set.
    package func message(_ name: String) -> ModelConfigurationMessage? {
        messages(name).first
    }

    /// The messages of a repeated field.
    package func messages(_ name: String) -> [ModelConfigurationMessage] {
        values(name).compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    /// The texts of a map by their keys.
    package func stringMap(_ name: String) -> [String: String] {
        map(name) { if case .string(let text) = $0 { text } else { nil } }
    }

    /// The messages of a map by their keys.
    package func messageMap(_ name: String) -> [String: ModelConfigurationMessage] {
        map(name) { if case .message(let message) = $0 { message } else { nil } }
    }

    /// The values of a map that have the wanted kind, by their keys.
    private func map<Value>(_ name: String, _ transform: (ModelConfigurationValue) -> Value?) -> [String: Value] {
        var result: [String: Value] = [:]
        for element in field(name)?.elements ?? [] {
            guard let key = element.key, let value = transform(element.value) else { continue }
            result[key] = value
        }
        return result
    }
}
