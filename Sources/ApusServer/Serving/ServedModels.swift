internal import ApusCore
internal import ApusModels
internal import ApusScheduling

/// The models as the edges see them, on top of the manager.
struct ServedModels: InferenceService, RepositoryControl, StatisticsSource {
    let manager: ModelManager<LoadedModel>

    func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease {
        let (loaded, holder) = try manager.lease(selector).transfer()
        return Lease(model: loaded.front, holder: holder)
    }

    func index() -> [RepositoryIndexEntry] {
        manager.index()
    }

    func readyVersions(of name: ModelName) -> [ModelVersion] {
        manager.readyVersions(of: name)
    }

    /// Requests that live versions have answered or failed since they were loaded.
    var inferences: UInt64 {
        statistics().reduce(0) { $0 &+ $1.statistics.success.count &+ $1.statistics.fail.count }
    }

    func statistics() -> [ModelStatisticsReport] {
        manager.liveVersions().map { ModelStatisticsReport(id: $0.id, statistics: $0.servable.front.statistics()) }
    }
}
