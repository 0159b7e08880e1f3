internal import ApusProtos
internal import SwiftProtobuf

/// Which .proto file declares what, and which files it needs.
struct DescriptorIndex: Sendable {
    /// One file: its descriptor as clients get it, and the names of the files that it imports.
    struct File: Sendable {
        let bytes: [UInt8]
        let imports: [String]
    }

    private var files: [String: File] = [:]
    /// The file of each service, method, message, field and enumeration, by full name.
    private var fileOfSymbol: [String: String] = [:]
    /// The full names of all services, sorted.
    private(set) var services: [String] = []

    /// Everything that this server's files declare.
    static let all = DescriptorIndex(base64: FileDescriptors.base64)

    /// Reads a FileDescriptorSet; an index of nothing when it isn't one.
    init(base64: String) {
        // protobuf's JSON has bytes as base64, which spares a decoder for it.
        guard let set = try? Google_Protobuf_BytesValue(jsonString: "\"\(base64)\""),
            let descriptors = try? Google_Protobuf_FileDescriptorSet(serializedBytes: set.value)
        else { return }
        for file in descriptors.file { add(file) }
        services.sort()
    }

    /// A file and all that it imports, the file itself first; `nil` for an unknown one.
    func files(from name: String) -> [[UInt8]]? {
        guard files[name] != nil else { return nil }
        var found: [[UInt8]] = []
        var seen: Set<String> = [name]
        var waiting = [name]
        while !waiting.isEmpty {
            guard let file = files[waiting.removeFirst()] else { continue }
            found.append(file.bytes)
            for next in file.imports where seen.insert(next).inserted { waiting.append(next) }
        }
        return found
    }

    /// The file that declares a symbol.
    func file(declaring symbol: String) -> String? {
        fileOfSymbol[symbol]
    }

    private mutating func add(_ file: Google_Protobuf_FileDescriptorProto) {
        guard let bytes: [UInt8] = try? file.serializedBytes() else { return }
        files[file.name] = File(bytes: bytes, imports: file.dependency)
        let prefix = file.package.isEmpty ? "" : file.package + "."
        for message in file.messageType { add(message, prefix: prefix, file: file.name) }
        for enumeration in file.enumType { add(enumeration, prefix: prefix, file: file.name) }
        for service in file.service {
            services.append(prefix + service.name)
            fileOfSymbol[prefix + service.name] = file.name
            for method in service.method { fileOfSymbol["\(prefix)\(service.name).\(method.name)"] = file.name }
        }
    }

    private mutating func add(_ message: Google_Protobuf_DescriptorProto, prefix: String, file: String) {
        let name = prefix + message.name
        fileOfSymbol[name] = file
        for field in message.field { fileOfSymbol["\(name).\(field.name)"] = file }
        for inner in message.nestedType { add(inner, prefix: name + ".", file: file) }
        for enumeration in message.enumType { add(enumeration, prefix: name + ".", file: file) }
    }

    private mutating func add(_ enumeration: Google_Protobuf_EnumDescriptorProto, prefix: String, file: String) {
        fileOfSymbol[prefix + enumeration.name] = file
        // The values of an enumeration are declared beside it.
        for value in enumeration.value { fileOfSymbol[prefix + value.name] = file }
    }
}
