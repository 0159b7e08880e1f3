internal import ApusCore
internal import ApusProtocol
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The code of each operation that is no inference: look up, encode.
struct OperationAnswers: Sendable {
    let configuration: HTTPEdgeConfiguration

    /// Answers one request.
    func answer(_ request: Request, context: OperationContext) async throws -> Response {
        if context.operation.form.isTensorFlow {
            return json(try TensorFlowServingAnswers(configuration: configuration).answer(context.operation))
        }
        switch context.operation.operation {
        case .serverLive:
            return json(V2Documents.live(configuration.health.isLive), isWell: configuration.health.isLive)
        case .serverReady:
            return json(V2Documents.ready(configuration.health.isReady), isWell: configuration.health.isReady)
        case .serverMetadata:
            let server = configuration.server
            return json(
                V2Documents.serverMetadata(
                    name: server.name,
                    version: server.version,
                    extensions: configuration.extensions
                )
            )
        case .modelList:
            let names = configuration.repository.index().filter { $0.state == .ready }.map(\.name)
            return json(V2Documents.modelList(Array(Set(names)).sorted()))
        case .modelReady:
            return try modelReady(context.operation.selector())
        case .modelMetadata:
            return json(try modelMetadata(context.operation.selector()))
        case .modelConfiguration:
            let lease = try configuration.service.lease(context.operation.selector())
            return json(lease.model.description.configurationJSON)
        case .modelStatistics:
            return json(try statistics(context.operation))
        case .repositoryIndex:
            return json(try await index(request))
        case .sourceUpdate, .sourceUpdateStatus:
            return try SourceUpdateAnswers(updates: configuration.updates).answer(context.operation)
        case .versionManifest:
            let selector = try context.operation.selector()
            return json(try await configuration.records.document(of: selector))
        case .openAPI, .modelOpenAPI, .documentationPage:
            return try OpenAPIAnswers(configuration: configuration).answer(request, context.operation)
        case .metrics:
            return text(configuration.renderMetrics())
        case .infer, .predict, .modelStatus, .modelReload, .generate, .generateStream:
            throw InferenceError(.internalFailure, "the operation came the wrong way")
        case .modelLoad, .modelUnload, .systemSharedMemoryStatus, .systemSharedMemoryRegister,
            .systemSharedMemoryUnregister, .cudaSharedMemoryStatus, .cudaSharedMemoryRegister,
            .cudaSharedMemoryUnregister, .traceSettings, .updateTraceSettings, .logSettings, .updateLogSettings:
            let body = try await request.body.collect(upTo: configuration.limits.maxBodyBytes)
            return json(try await ControlAnswers(configuration: configuration).answer(context.operation, body: body))
        }
    }

    private func modelReady(_ selector: ModelSelector) throws(InferenceError) -> Response {
        let name = selector.name.description
        do throws(InferenceError) {
            let lease = try configuration.service.lease(selector)
            try lease.model.checkReadiness()
            return json(V2Documents.modelReady(name: name, isReady: true, reason: ""))
        } catch {
            let isKnown = configuration.repository.index().contains { entry in
                guard entry.name == name else { return false }
                if case .exact(let version) = selector.version { return entry.version == version }
                if case .label = selector.version { return false }
                return true
            }
            guard isKnown else { throw error }
            return json(V2Documents.modelReady(name: name, isReady: false, reason: error.message), isWell: false)
        }
    }

    private func modelMetadata(_ selector: ModelSelector) throws(InferenceError) -> [UInt8] {
        let model = try configuration.service.lease(selector).model.description
        let versions: [ModelVersion] =
            switch selector.version {
            case .exact, .label: [model.id.version]
            case .latest: configuration.repository.readyVersions(of: selector.name)
            }
        return V2Documents.modelMetadata(model, versions: versions)
    }

    private func statistics(_ operation: AdmittedOperation) throws(InferenceError) -> [UInt8] {
        let all = configuration.statistics.statistics()
        guard operation.model != nil else { return V2Statistics.document(all) }
        let selector = try operation.selector()
        let wanted = try wantedVersion(selector)
        let reports = all.filter { report in
            report.id.name == selector.name && (wanted == nil || report.id.version == wanted)
        }
        guard !reports.isEmpty else {
            throw InferenceError(
                .invalidArgument,
                "requested model '\(selector.name)' is not available",
                field: "model",
                hint: hint(for: selector)
            )
        }
        return V2Statistics.document(reports)
    }

    /// What whoever asks the model itself would be told to do.
    private func hint(for selector: ModelSelector) -> String {
        do throws(InferenceError) {
            _ = try configuration.service.lease(selector)
            return ""
        } catch {
            return error.hint
        }
    }

    /// The version that a selector asks for; `nil` for all of them.
    private func wantedVersion(_ selector: ModelSelector) throws(InferenceError) -> ModelVersion? {
        switch selector.version {
        case .latest: nil
        case .exact(let version): version
        case .label: try configuration.service.lease(selector).model.description.id.version
        }
    }

    private func index(_ request: Request) async throws -> [UInt8] {
        let body = try await request.body.collect(upTo: configuration.limits.maxBodyBytes)
        let onlyReady = try RepositoryIndexQuery.onlyReady(body)
        let entries = configuration.repository.index()
        return V2Documents.repositoryIndex(onlyReady ? entries.filter { $0.state == .ready } : entries)
    }

    private func json(_ bytes: [UInt8], isWell: Bool = true) -> Response {
        Response(
            status: isWell ? .ok : .serviceUnavailable,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    private func text(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
