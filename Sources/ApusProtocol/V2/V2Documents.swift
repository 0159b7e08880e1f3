package import ApusCore

/// The JSON documents of the v2 protocol that are no inferences.
package enum V2Documents {
    /// `{"error": …}` with the members that programs can use.
    package static func error(_ error: InferenceError) -> [UInt8] {
        var text = JSONText(capacity: 512)
        text.object { text in
            text.member("error", shortened(error.message, to: 2000))
            text.member("code", error.code.label)
            if !error.field.isEmpty { text.member("field", shortened(error.field, to: 500)) }
            if !error.expected.isEmpty { text.member("expected", shortened(error.expected, to: 500)) }
            if !error.got.isEmpty { text.member("got", shortened(error.got, to: 500)) }
            if !error.hint.isEmpty { text.member("hint", shortened(error.hint, to: 500)) }
        }
        return text.bytes
    }

    /// A client's own text comes back in errors, but not a megabyte of it.
    private static func shortened(_ text: String, to length: Int) -> String {
        guard text.utf8.count > length else { return text }
        return String(decoding: text.utf8.prefix(length), as: UTF8.self) + "…"
    }

    /// The server's metadata.
    package static func serverMetadata(name: String, version: String, extensions: [String]) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.member("name", name)
            text.member("version", version)
            text.key("extensions")
            text.array { text in
                for name in extensions { text.string(name) }
            }
        }
        return text.bytes
    }

    /// The server is live or not.
    package static func live(_ isLive: Bool) -> [UInt8] {
        flags([("live", isLive)])
    }

    /// The server is ready or not.
    package static func ready(_ isReady: Bool) -> [UInt8] {
        flags([("live", true), ("ready", isReady)])
    }

    /// A model is ready or not.
    package static func modelReady(name: String, isReady: Bool, reason: String) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.member("name", name)
            text.key("ready")
            text.bool(isReady)
            if !isReady { text.member("error", reason) }
        }
        return text.bytes
    }

    /// The names of the models.
    package static func modelList(_ names: [String]) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.key("models")
            text.array { text in
                for name in names { text.string(name) }
            }
        }
        return text.bytes
    }

    /// A model's metadata.
    package static func modelMetadata(_ model: ModelDescription, versions: [ModelVersion]) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.member("name", model.id.name.description)
            text.key("versions")
            text.array { text in
                for version in versions { text.string(version.description) }
            }
            text.member("platform", model.platform)
            text.key("inputs")
            tensors(model.inputs, to: &text)
            text.key("outputs")
            tensors(model.outputs, to: &text)
            if !model.unservedOutputs.isEmpty {
                text.key("unserved_outputs")
                text.array { text in
                    for output in model.unservedOutputs {
                        text.object { text in
                            text.member("name", output.name)
                            text.member("reason", output.reason)
                        }
                    }
                }
            }
        }
        return text.bytes
    }

    /// The repository's index.
    package static func repositoryIndex(_ entries: [RepositoryIndexEntry]) -> [UInt8] {
        var text = JSONText()
        text.array { text in
            for entry in entries {
                text.object { text in
                    text.member("name", entry.name)
                    if let version = entry.version { text.member("version", version.description) }
                    if entry.state != .absent { text.member("state", entry.state.rawValue) }
                    if !entry.reason.isEmpty { text.member("reason", entry.reason) }
                }
            }
        }
        return text.bytes
    }

    private static func tensors(_ tensors: [TensorSpecification], to text: inout JSONText) {
        text.array { text in
            for tensor in tensors {
                text.object { text in
                    text.member("name", tensor.name)
                    text.member("datatype", tensor.dataType.rawValue)
                    text.key("shape")
                    text.array { text in
                        for size in tensor.shape { text.integer(size) }
                    }
                    if tensor.isOptional {
                        text.key("optional")
                        text.bool(true)
                    }
                }
            }
        }
    }

    private static func flags(_ members: [(String, Bool)]) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            for (name, value) in members {
                text.key(name)
                text.bool(value)
            }
        }
        return text.bytes
    }
}
