internal import ApusCore

/// Which models need which others, as far as their configurations have been read.
struct DependencyGraph: Sendable {
    private var needs: [ModelName: [ModelName]] = [:]
    private var neededBy: [ModelName: Set<ModelName>] = [:]
    private var circles: [ModelName: [ModelName]] = [:]

    /// Starts without models.
    init() {}

    /// Notes what a model needs.
    ///
    /// Whoever completes a circle finds it, so none stays unnoticed whatever the order in which models come.
    ///
    /// - Returns: The models of the circle that it completes, none when it completes none.
    mutating func add(_ needed: [ModelName], of name: ModelName) -> [ModelName] {
        needs[name] = needed
        for other in needed { neededBy[other, default: []].insert(name) }
        guard let members = circle(through: name) else { return [] }
        // The same words for all of them, whoever was last.
        let first = members.indices.min { members[$0] < members[$1] } ?? members.startIndex
        let path = Array(members[first...] + members[..<first]) + [members[first]]
        for member in members { circles[member] = path }
        return members
    }

    /// Forgets what a model needs: its configuration is to be read anew, or it goes.
    mutating func forget(_ name: ModelName) {
        for other in needs.removeValue(forKey: name) ?? [] { neededBy[other]?.remove(name) }
        circles = circles.filter { !$0.value.contains(name) }
    }

    /// What a model needs, in the order of its configuration.
    func needs(of name: ModelName) -> [ModelName] { needs[name] ?? [] }

    /// Who needs a model, sorted.
    func dependents(of name: ModelName) -> [ModelName] { neededBy[name]?.sorted() ?? [] }

    /// The way from a model back to itself, with it at both ends; `nil` when it stands on no circle.
    func circle(of name: ModelName) -> [ModelName]? { circles[name] }

    /// The shortest way from a model back to itself, without its end.
    private func circle(through name: ModelName) -> [ModelName]? {
        var cameFrom: [ModelName: ModelName] = [:]
        var waiting = [name]
        var next = 0
        while next < waiting.count {
            let current = waiting[next]
            next += 1
            for needed in needs(of: current) {
                if needed == name {
                    var path = [current]
                    while path[path.count - 1] != name, let before = cameFrom[path[path.count - 1]] {
                        path.append(before)
                    }
                    return path.reversed()
                }
                guard cameFrom[needed] == nil else { continue }
                cameFrom[needed] = current
                waiting.append(needed)
            }
        }
        return nil
    }
}

extension ModelManagerStateMachine {
    /// Whether everything that a model needs has come to live or failed, or never will.
    func haveDependenciesSettled(of name: ModelName) -> Bool {
        dependencies.circle(of: name) != nil
            || dependencies.needs(of: name).allSatisfy { models[$0]?.isBusy != true }
    }

    /// Why a model can't be loaded for want of others; `nil` when each has a live version.
    func dependencyFault(of name: ModelName) -> ModelError? {
        if let path = dependencies.circle(of: name) {
            let words = path.map(\.description).joined(separator: " -> ")
            return ModelError(.dependencyFailed, "models need each other in a circle: \(words); take one out of it")
        }
        for needed in dependencies.needs(of: name) {
            guard let model = models[needed] else { return missing(needed) }
            guard !model.versions.contains(where: \.life.isLive) else { continue }
            let reason = model.reasonForNoVersion
            return ModelError(
                .dependencyFailed,
                "it needs model '\(needed)', which can't be served: \(reason.isEmpty ? "no version is wanted" : reason)"
            )
        }
        return nil
    }

    private func missing(_ needed: ModelName) -> ModelError {
        let words = "it needs model '\(needed)', which "
        if let folder = unavailable.first(where: { $0.name == needed.description }) {
            return ModelError(.dependencyFailed, words + "can't be served: \(folder.error.message)")
        }
        let advice = models.keys.nearest(to: needed).map { "did you mean '\($0)'?" } ?? "put it there"
        return ModelError(.dependencyFailed, words + "isn't in the repository; \(advice)")
    }
}
