internal import ApusCore
internal import ApusEngine
internal import ApusModels
internal import ApusScheduling
internal import Logging
internal import ServiceLifecycle

/// Loads what the repository has, says when the server is ready, unloads at the end.
struct ModelsService: Service {
    let assembly: ServerAssembly
    let bound: BoundPorts
    let onReady: @Sendable (ServerAssembly.Addresses) async -> Void

    func run() async throws {
        let listing = try await cancelWhenGracefulShutdown { try await assembly.listRepository() }
        guard !Task.isShuttingDownGracefully else { return }
        for missing in assembly.engines.missing {
            assembly.logger.warning(
                "An engine is missing",
                metadata: [LogKeys.engine: "\(missing.name)", LogKeys.reason: "\(missing.error.message)"]
            )
        }
        guard let ports = await cancelWhenGracefulShutdown({ await bound.all() }) else { return }
        await cancelWhenGracefulShutdown { await assembly.load(listing) }
        await assembly.keeper.firstLookIsLoaded()
        if assembly.manager.index().isEmpty {
            assembly.logger.warning(
                "The repository has no model; each belongs in a folder of its own, as in iris/1/model.onnx",
                metadata: [LogKeys.path: "\(assembly.configuration.models)"]
            )
        }
        let isEnding = Task.isShuttingDownGracefully || Task.isCancelled || assembly.health.isDraining
        if !isEnding { await announce(ports) }
        try? await gracefulShutdown()
        for (_, model) in assembly.manager.liveVersions() { model.front.close() }
        await assembly.manager.unloadAll()
    }

    /// Says that the server is ready.
    private func announce(_ ports: [BoundPorts.Name: Int]) async {
        let addresses = ServerAssembly.Addresses(
            host: assembly.configuration.host,
            httpPort: ports[.http],
            grpcPort: ports[.grpc],
            metricsPort: ports[.metrics] ?? 0
        )
        await ResidentMemory.release()
        var metadata: Logger.Metadata = [
            "metrics_address": "\(addresses.host):\(addresses.metricsPort)",
            LogKeys.count: "\(assembly.manager.liveVersions().count)",
        ]
        if let port = addresses.httpPort { metadata[LogKeys.address] = "\(addresses.host):\(port)" }
        if ports[.control] != nil { metadata["control_socket"] = "\(assembly.configuration.controlSocket)" }
        if let port = addresses.grpcPort { metadata["grpc_address"] = "\(addresses.host):\(port)" }
        assembly.logger.info("Server is ready", metadata: metadata)
        await onReady(addresses)
    }
}

extension ServerAssembly {
    /// Loads what is to be live at the start: everything, or what was named.
    func load(_ listing: RepositoryListing) async {
        guard configuration.isControlExplicit else { return await manager.loadAll(listing) }
        let isAll = configuration.modelsAtStart.contains("*")
        let names = isAll ? listing.models.map(\.name) : configuration.modelsAtStart.compactMap { ModelName($0) }
        await manager.begin(listing, loading: names)
    }

    /// What is in the repository now.
    ///
    /// - Throws: `RuntimeFailure` when it can't be read.
    func listRepository() async throws(RuntimeFailure) -> RepositoryListing {
        do throws(ModelError) {
            return try await keeper.firstLook()
        } catch {
            throw RuntimeFailure(.repository, error.message, cause: error)
        }
    }
}
