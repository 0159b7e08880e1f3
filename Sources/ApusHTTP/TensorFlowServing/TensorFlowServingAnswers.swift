internal import ApusCore
internal import ApusProtocol

/// The code of TensorFlow Serving's operations that are no inferences, and of KServe's first protocol on the same paths.
struct TensorFlowServingAnswers: Sendable {
    let configuration: HTTPEdgeConfiguration

    /// The document that answers an operation.
    func answer(_ operation: AdmittedOperation) throws(InferenceError) -> [UInt8] {
        switch operation.operation {
        case .serverLive:
            return TensorFlowServingDocuments.alive
        case .modelList:
            let names = configuration.repository.index().filter { $0.state == .ready }.map(\.name)
            return TensorFlowServingDocuments.list(Array(Set(names)).sorted())
        case .modelStatus:
            return try status(operation.tensorFlowSelector())
        case .modelMetadata:
            return try metadata(operation.tensorFlowSelector())
        default:
            throw InferenceError(.internalFailure, "the operation has no form of TensorFlow Serving's")
        }
    }

    private func status(_ selector: ModelSelector) throws(InferenceError) -> [UInt8] {
        let entries = try configuration.repository.tensorFlowStatus(of: selector, service: configuration.service)
        return TensorFlowServingDocuments.status(of: selector.name, entries: entries, isReady: isReady(selector))
    }

    private func isReady(_ selector: ModelSelector) -> Bool {
        do throws(InferenceError) {
            try configuration.service.lease(selector).model.checkReadiness()
            return true
        } catch {
            return false
        }
    }

    private func metadata(_ selector: ModelSelector) throws(InferenceError) -> [UInt8] {
        do throws(InferenceError) {
            let lease = try configuration.service.lease(selector)
            return TensorFlowServingDocuments.metadata(of: lease.model.description)
        } catch {
            throw error.tensorFlowRefusal(of: selector)
        }
    }
}
