package import ApusCore

/// Answers of the v2 extensions that change what the server does.
package enum V2ControlDocuments {
    /// The answer to a load or an unload, as KServe's clients know it; Triton's look at the status only.
    package static func done(_ action: String, model: ModelName) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.member("name", model.description)
            text.key(action)
            text.bool(true)
        }
        return text.bytes
    }

    /// Regions of shared memory.
    package static func sharedMemory(_ regions: [SharedMemoryStatus]) -> [UInt8] {
        var text = JSONText()
        text.array { text in
            for region in regions {
                text.object { text in
                    text.member("name", region.name)
                    text.member("key", region.key)
                    text.key("offset")
                    text.integer(region.offset)
                    text.key("byte_size")
                    text.integer(region.byteSize)
                }
            }
        }
        return text.bytes
    }

    /// All trace settings: strings everywhere.
    package static func traces(_ settings: TraceSettings) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            for (name, values, isList) in settings.entries {
                text.key(name)
                if isList {
                    text.array { text in
                        for value in values { text.string(value) }
                    }
                } else {
                    text.string(values.first ?? "")
                }
            }
        }
        return text.bytes
    }

    /// All log settings.
    package static func log(_ settings: LogSettings) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            for (name, value) in settings.entries {
                text.key(name)
                switch value {
                case .bool(let value): text.bool(value)
                case .number(let value): text.integer(value)
                case .text(let value): text.string(value)
                }
            }
        }
        return text.bytes
    }
}
