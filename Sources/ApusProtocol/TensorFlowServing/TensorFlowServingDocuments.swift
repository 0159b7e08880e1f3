package import ApusCore

/// The documents of TensorFlow Serving's REST interface that are no inferences, with what KServe's first protocol and
/// lists of models of other makes want of the same paths.
package enum TensorFlowServingDocuments {
    /// The state of a model's versions, with `name` and `ready` for KServe's clients.
    ///
    /// - Parameters:
    ///   - name: The model.
    ///   - entries: Its lines of the repository's index; those without a version are left out.
    ///   - isReady: Whether the version asked for, or any, answers.
    /// - Returns: JSON.
    package static func status(of name: ModelName, entries: [RepositoryIndexEntry], isReady: Bool) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.key("model_version_status")
            text.array { text in
                for entry in entries.reversed() {
                    guard let version = entry.version else { continue }
                    let status = TensorFlowVersionStatus(entry)
                    text.object { text in
                        text.member("version", version.description)
                        text.member("state", status.state.rawValue)
                        text.key("status")
                        text.object { text in
                            text.member("error_code", status.hasFailed ? "UNKNOWN" : "OK")
                            text.member("error_message", status.message)
                        }
                    }
                }
            }
            text.member("name", name.description)
            text.key("ready")
            text.bool(isReady)
            text.member("id", name.description)
            text.member("object", "model")
            text.member("created", 0)
            text.member("owned_by", "apus")
        }
        return text.bytes
    }

    /// A model's signature, in the form of its message's JSON.
    package static func metadata(of model: ModelDescription) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.key("model_spec")
            text.object { text in
                text.member("name", model.id.name.description)
                text.member("signature_name", "")
                text.member("version", model.id.version.description)
            }
            text.key("metadata")
            text.object { text in
                text.key("signature_def")
                text.object { text in
                    text.key("signature_def")
                    text.object { text in
                        text.key(TensorFlowSignature.name)
                        signature(of: model, to: &text)
                    }
                }
            }
        }
        return text.bytes
    }

    /// The names of the models that answer: as `models` for KServe's clients, as `data` for others.
    package static func list(_ names: [String]) -> [UInt8] {
        var text = JSONText()
        text.object { text in
            text.key("models")
            text.array { text in
                for name in names { text.string(name) }
            }
            text.member("object", "list")
            text.key("data")
            text.array { text in
                for name in names {
                    text.object { text in
                        text.member("id", name)
                        text.member("object", "model")
                        text.member("created", 0)
                        text.member("owned_by", "apus")
                    }
                }
            }
        }
        return text.bytes
    }

    /// KServe's first protocol: the server answers.
    package static let alive = Array(#"{"status":"alive"}"#.utf8)

    private static func signature(of model: ModelDescription, to text: inout JSONText) {
        text.object { text in
            text.key("inputs")
            tensors(model.inputs, to: &text)
            text.key("outputs")
            tensors(model.outputs, to: &text)
            text.member("method_name", TensorFlowSignature.methodName)
            text.key("defaults")
            text.object { _ in }
        }
    }

    private static func tensors(_ tensors: [TensorSpecification], to text: inout JSONText) {
        text.object { text in
            for tensor in tensors {
                text.key(tensor.name)
                text.object { text in
                    text.member("dtype", tensor.dataType.tensorFlowName)
                    text.key("tensor_shape")
                    text.object { text in
                        text.key("dim")
                        text.array { text in
                            for size in tensor.shape {
                                text.object { text in
                                    text.member("size", String(size))
                                    text.member("name", "")
                                }
                            }
                        }
                        text.key("unknown_rank")
                        text.bool(false)
                    }
                    text.member("name", "\(tensor.name):0")
                }
            }
        }
    }
}

/// What TensorFlow Serving's model status says of a version.
package struct TensorFlowVersionStatus: Sendable, Hashable {
    /// The states of its protocol.
    package enum State: String, Sendable {
        case unknown = "UNKNOWN"
        case start = "START"
        case loading = "LOADING"
        case available = "AVAILABLE"
        case unloading = "UNLOADING"
        case end = "END"
    }

    /// The state.
    package let state: State
    /// Whether it ended by a failure.
    package let hasFailed: Bool
    /// Why it failed; empty when it didn't.
    package let message: String

    /// Translates a line of the repository's index.
    package init(_ entry: RepositoryIndexEntry) {
        self.state =
            switch entry.state {
            case .absent, .unknown: .unknown
            case .ready: .available
            case .loading: .loading
            case .unloading: .unloading
            case .unavailable: .end
            }
        self.hasFailed = entry.hasFailed
        self.message = hasFailed ? entry.reason : ""
    }
}
