package import ApusCore
internal import SystemPackage
internal import Yams

/// The configuration file: flat YAML, every member one of the settings.
package struct ConfigurationFile: Sendable {
    /// The file's path, for messages.
    package let path: String
    /// Values by key, as text.
    let values: [String: String]
    /// Unknown keys and values that are no scalars.
    let faults: [ConfigurationFault]

    /// The largest file that is read.
    private static let maxBytes = 1 << 20

    /// Reads a file.
    ///
    /// - Throws: When it can't be read or is no YAML.
    package init(path: String) throws(RuntimeFailure) {
        let text: String
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly)
            text = try file.closeAfter { try ConfigurationFile.contents(of: file) }
        } catch {
            throw RuntimeFailure(.configuration, "can't read the configuration file \(path): \(error)", cause: error)
        }
        try self.init(path: path, text: text)
    }

    /// Takes a file's text.
    package init(path: String, text: String) throws(RuntimeFailure) {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw RuntimeFailure(.configuration, "\(path) is not YAML: \(error)", cause: error)
        }
        var values: [String: String] = [:]
        var faults: [ConfigurationFault] = []
        if let node, let mapping = node.mapping {
            for (key, value) in mapping {
                let name = key.string ?? "?"
                let line = key.mark.map { ":\($0.line)" } ?? ""
                guard Settings.named(name) != nil else {
                    let nearest = Settings.all.map(\.key).nearest(to: name)
                    let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
                    faults.append(ConfigurationFault(source: path + line, key: name, message: "unknown key" + hint))
                    continue
                }
                guard let scalar = value.scalar else {
                    faults.append(ConfigurationFault(source: path + line, key: name, message: "expected one value"))
                    continue
                }
                values[name] = scalar.string
            }
        } else if node != nil, node?.null == nil {
            faults.append(ConfigurationFault(source: path, key: "-", message: "expected 'key: value' lines"))
        }
        self.path = path
        self.values = values
        self.faults = faults
    }

    private static func contents(of file: FileDescriptor) throws -> String {
        var bytes: [UInt8] = []
        let chunk = 64 << 10
        while bytes.count <= maxBytes {
            let part = try unsafe [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            if part.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += part
        }
        throw RuntimeFailure(.configuration, "it has more than the \(maxBytes) bytes that are read of such a file")
    }
}
