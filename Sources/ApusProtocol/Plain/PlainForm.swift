package import ApusCore

/// How the answer to a plain question looks: it mirrors the question.
package struct PlainForm: Hashable, Sendable {
    /// What stands around the outputs.
    package enum Frame: Hashable, Sendable {
        /// `{"prediction": …}`, for `GET`.
        case prediction
        /// `{"predictions": …}`, for `{"data": …}` and for what isn't JSON.
        case predictions
        /// `{"outputs": …}`, for `{"inputs": …}`; `isNamed` when the question named its inputs.
        case outputs(isNamed: Bool)
        /// The outputs by name, for an object of inputs by name.
        case members
        /// The output alone, for an array alone.
        case value
    }

    /// What stands around the outputs.
    package var frame: Frame
    /// Whether the question left its leading dimension out, so that the answer does too.
    package var omitsBatch = false

    /// Says how an answer looks.
    package init(_ frame: Frame, omitsBatch: Bool = false) {
        self.frame = frame
        self.omitsBatch = omitsBatch
    }

    /// Whether something stands around the outputs, so that more can stand beside them.
    var hasFrame: Bool { frame != .members && frame != .value }

    /// Whether outputs keep the shape that the model gave them.
    var keepsShape: Bool { frame == .prediction || frame == .predictions }

    /// Whether outputs come by name even when there is but one.
    var isNamed: Bool { frame == .members || frame == .outputs(isNamed: true) }
}

/// What a plain request said; shapes and types are the model's.
package struct PlainRequest: Sendable {
    /// Input tensors in the model's order.
    package var inputs: [NamedTensor] = []
    /// How the answer looks.
    package var form = PlainForm(.members)
    /// Whether it was CSV with a first line of names.
    package var hasHeader = false
    /// What its `parameters` said, as v2 has them.
    package var parameters = V2InferRequest()

    /// Starts an empty request.
    init() {}

    /// Puts inputs that were no JSON into a request.
    package init(inputs: [NamedTensor], form: PlainForm) {
        self.inputs = inputs
        self.form = form
    }
}

/// Values that came as text and not in a JSON body.
package enum PlainList: Sendable {
    /// An array in JSON.
    case json(String)
    /// One text for each element.
    case values([String])
}
