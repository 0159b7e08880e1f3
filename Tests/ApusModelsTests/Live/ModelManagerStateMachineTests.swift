import ApusCore
import Testing

@testable import ApusModels

struct ModelManagerStateMachineTests {
    @Test func `a model is planned, loaded, and live`() {
        var machine = ModelManagerStateMachine(policy: AvailabilityPreservingPolicy())
        var steps = [machine.threadBecameFree()]
        let before = [machine.isSettled, machine.isIdle]
        machine.modelsListed([name("m")], unavailable: [])
        steps.append(machine.threadBecameFree())
        _ = machine.modelPlanned(AspiredVersions(name: name("m"), versions: [.first]), listing: 1)
        steps.append(machine.threadBecameFree())
        let during = [machine.isSettled, machine.isIdle]
        machine.versionLoaded(id("m", 1))
        steps.append(machine.threadBecameFree())
        let after = [machine.isSettled, machine.isIdle]
        #expect(steps == [.idle, .plan(name("m"), listing: 1), .load(id("m", 1)), .idle])
        #expect(before == [false, false] && during == [false, false] && after == [true, true])
    }

    @Test func `a plan made for an older list is dropped`() {
        var machine = ModelManagerStateMachine(policy: AvailabilityPreservingPolicy())
        machine.modelsListed([name("m")], unavailable: [])
        _ = machine.threadBecameFree()
        machine.modelsListed([], unavailable: [])
        let outcome = machine.modelPlanned(AspiredVersions(name: name("m"), versions: [.first]), listing: 1)
        guard case .outdated = outcome else {
            Issue.record("the plan was accepted")
            return
        }
        let step = machine.threadBecameFree()
        #expect(step == .idle)
    }

    @Test func `a version that is wanted again while it drains is loaded again when it's gone`() {
        var machine = ModelManagerStateMachine(policy: AvailabilityPreservingPolicy())
        let model = id("m", 1)
        machine.modelsListed([model.name], unavailable: [])
        var steps = [machine.threadBecameFree()]
        _ = machine.modelPlanned(AspiredVersions(name: model.name, versions: [.first]), listing: 1)
        steps.append(machine.threadBecameFree())
        machine.versionLoaded(model)
        machine.modelsListed([], unavailable: [])
        steps.append(machine.threadBecameFree())
        machine.modelsListed([model.name], unavailable: [])
        steps.append(machine.threadBecameFree())
        _ = machine.modelPlanned(AspiredVersions(name: model.name, versions: [.first]), listing: 3)
        steps.append(machine.threadBecameFree())
        machine.leasesEnded(model)
        steps.append(machine.threadBecameFree())
        machine.versionUnloaded(model)
        steps.append(machine.threadBecameFree())
        #expect(
            steps == [
                .plan(model.name, listing: 1), .load(model), .drain(model), .plan(model.name, listing: 3), .idle,
                .unload(model), .load(model),
            ]
        )
    }

    @Test func `new content of a version that nobody wants any more is not waited for`() throws {
        var machine = ModelManagerStateMachine(policy: AvailabilityPreservingPolicy())
        let model = id("m", 1)
        let plan = AspiredVersions(name: model.name, versions: [.first], unprepared: [.first])
        func list(_ listing: Int, changed: Set<ModelVersion> = []) {
            machine.modelsListed([model.name], unavailable: [])
            _ = machine.threadBecameFree()
            _ = machine.modelPlanned(plan, changed: changed, listing: listing)
        }
        list(1)
        _ = machine.threadBecameFree()
        let first = machine.preparingThreadBecameFree()
        _ = machine.versionPrepared(try #require(first))
        _ = machine.threadBecameFree()
        machine.versionLoaded(model)
        list(2, changed: [.first])
        _ = machine.threadBecameFree()
        let taken = machine.preparingThreadBecameFree()
        let second = try #require(taken)
        // It is dismissed while its new content is on its way.
        machine.modelsListed([], unavailable: [])
        let step = machine.threadBecameFree()
        let isWanted = machine.versionPrepared(second)
        #expect(step == .drain(model))
        #expect(second.isReplacement && !isWanted)
    }

    @Test(arguments: 1...55 as ClosedRange<UInt64>)
    func `thousands of random steps keep what was live`(seed: UInt64) {
        // The last ones with models that need each other.
        var world = RandomWorld(
            seed: seed,
            needsOthers: seed > 40,
            hasRequests: seed % 2 == 0,
            // What needs others has no files of its own.
            mustPrepare: seed % 3 == 0 && seed <= 40
        )
        for _ in 0..<2000 { world.step() }
        world.finish()
        #expect(world.violations.isEmpty, "seed \(seed): \(world.violations.prefix(3))")
        #expect(world.loads > (seed % 3 == 0 && seed <= 40 ? 10 : 50), "seed \(seed) did next to nothing")
        if seed % 6 == 0, seed <= 40 { #expect(world.abandoned > 0, "seed \(seed) abandoned nothing that it prepared") }
        if seed % 2 == 0 { #expect(world.replacements > 0, "seed \(seed) replaced next to nothing") }
    }
}

/// A repository that changes at random, several threads, loads that fail at random, leases that end some time.
private struct RandomWorld: ~Copyable {
    private(set) var violations: [String] = []
    private(set) var loads = 0
    private var machine = ModelManagerStateMachine(policy: AvailabilityPreservingPolicy())
    private var random: SeededGenerator
    private let names = ["a", "b", "c"].map(name)
    /// What threads are doing.
    private var underWay: [ModelManagerStateMachine.OnThreadFree] = []
    /// Versions whose leases haven't ended.
    private var draining: [ModelID] = []
    /// What the last plan that was accepted asked for.
    private var wanted: [ModelName: Set<ModelVersion>] = [:]
    private var listing = 0
    private let needsOthers: Bool
    private let hasRequests: Bool
    /// Replaced versions whose leases haven't ended.
    private var replacedEditions: [Int] = []
    private(set) var replacements = 0
    private var hasRequested = false
    private let mustPrepare: Bool
    /// What preparing threads do, and what they brought that hasn't been loaded yet.
    private var preparing: [ModelPreparation] = []
    private var files: Set<ModelID> = []
    private(set) var abandoned = 0

    init(seed: UInt64, needsOthers: Bool, hasRequests: Bool, mustPrepare: Bool) {
        self.random = SeededGenerator(seed: seed)
        self.needsOthers = needsOthers
        self.hasRequests = hasRequests
        self.mustPrepare = mustPrepare
    }

    mutating func step() {
        let before = liveVersions()
        if hasRequests, Int.random(in: 0..<8, using: &random) == 0 {
            request()
            return check(before)
        }
        if mustPrepare, Bool.random(using: &random) {
            if Bool.random(using: &random) { beginPreparing() } else { finishPreparing() }
            return check(before)
        }
        switch Int.random(in: 0..<20, using: &random) {
        // What takes many steps must get through them between two lists.
        case 0: if !mustPrepare || Bool.random(using: &random) { list() }
        case 1..<8: takeWork()
        case 8..<16: finishWork()
        default: endLeases()
        }
        check(before)
    }

    /// Lets everything that is under way come to its end, and checks that it does.
    mutating func finish() {
        workOff()
        if !machine.isIdle || !machine.isSettled { violations.append("not settled in the end") }
        if !files.isEmpty { violations.append("files of \(files) are kept for nobody") }
        for name in names {
            guard let model = machine.models[name] else { continue }
            let live = Set(model.versions.filter(\.life.isLive).map(\.version))
            let isAnyAspiredLive = !live.isDisjoint(with: model.aspired)
            // One may stay that is higher than all that serve, when the newest can't be served.
            let isNewestLive = model.aspired.last.map(live.contains) ?? false
            let kept = live.subtracting(model.aspired).subtracting(isNewestLive ? [] : [live.max()].compactMap(\.self))
            if isAnyAspiredLive, !kept.isEmpty { violations.append("\(name) kept an old version") }
        }
        machine.modelsListed([], unavailable: [])
        workOff()
        if !machine.isEmpty { violations.append("not empty in the end") }
    }

    private mutating func workOff() {
        for _ in 0..<10_000 {
            takeWork()
            while let preparation = machine.preparingThreadBecameFree() { preparing.append(preparation) }
            if underWay.isEmpty, draining.isEmpty, replacedEditions.isEmpty, preparing.isEmpty { return }
            while !preparing.isEmpty { finishPreparing() }
            while !underWay.isEmpty { finishWork() }
            while !draining.isEmpty || !replacedEditions.isEmpty { endLeases() }
        }
        violations.append("work without end")
    }

    private mutating func list() {
        let present = names.filter { _ in Int.random(in: 0..<10, using: &random) > 0 }
        listing += 1
        for name in names where !present.contains(name) { wanted[name] = [] }
        machine.modelsListed(present, unavailable: [])
    }

    private mutating func takeWork() {
        guard underWay.count < 3 else { return }
        let work = machine.threadBecameFree()
        for id in machine.takeDropped() { files.remove(id) }
        if case .idle = work { return }
        if case .load(let id) = work, !machine.haveDependenciesSettled(of: id.name) {
            violations.append("\(id) was to be loaded before what it needs")
        }
        underWay.append(work)
    }

    private mutating func finishWork() {
        guard !underWay.isEmpty else { return }
        switch underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random)) {
        case .plan(let name, let listing):
            if Int.random(in: 0..<8, using: &random) == 0 {
                _ = machine.planFailed(name, error: ModelError(.invalidConfiguration, "wrong"), listing: listing)
            } else {
                plan(name, listing: listing)
            }
        case .load(let id):
            loads += 1
            takeFiles(of: id)
            if let fault = machine.dependencyFault(of: id.name) {
                machine.versionFailed(id, error: fault)
            } else if Int.random(in: 0..<3, using: &random) == 0 {
                if Bool.random(using: &random) { machine.versionOpened(id) }
                machine.versionFailed(id, error: ModelError(.loadFailed, "broken"))
            } else {
                machine.versionOpened(id)
                machine.versionLoaded(id)
            }
        case .drain(let id):
            draining.append(id)
        case .unload(let id):
            machine.versionUnloaded(id)
        case .replace(let id):
            finishReplacing(id)
        case .unloadEdition(let edition):
            machine.editionUnloaded(edition)
        case .idle:
            break
        }
    }

    private mutating func finishReplacing(_ id: ModelID) {
        replacements += 1
        loads += 1
        takeFiles(of: id)
        if machine.models[id.name]?.life(of: id.version)?.isLive != true {
            violations.append("\(id) was taken out while it was being replaced")
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            machine.versionNotReplaced(id, error: ModelError(.loadFailed, "broken"))
        } else {
            machine.versionReplaced(id, old: replacements)
            replacedEditions.append(replacements)
        }
    }

    /// What is loaded has been prepared, if it had to be.
    private mutating func takeFiles(of id: ModelID) {
        let mustBeThere = machine.models[id.name]?.mustPrepare(id.version) == true
        if files.remove(id) == nil, mustBeThere {
            violations.append("\(id) was loaded without its files")
        }
    }

    private mutating func beginPreparing() {
        if let preparation = machine.preparingThreadBecameFree() { preparing.append(preparation) }
    }

    private mutating func finishPreparing() {
        guard !preparing.isEmpty else { return }
        let preparation = preparing.remove(at: Int.random(in: 0..<preparing.count, using: &random))
        if Int.random(in: 0..<4, using: &random) == 0 {
            _ = machine.preparationFailed(preparation, error: ModelError(.loadFailed, "not there"))
        } else if machine.versionPrepared(preparation) {
            files.insert(preparation.id)
        } else {
            abandoned += 1
        }
    }

    /// Somebody asks for a model, or wants it no more.
    private mutating func request() {
        let name = names[Int.random(in: 0..<names.count, using: &random)]
        if Int.random(in: 0..<4, using: &random) > 0 {
            machine.modelRequested(name)
            hasRequested = true
        } else if machine.isWanted(name) {
            machine.modelDismissed(name, withDependents: Bool.random(using: &random))
            // Those that went with it are wanted no more either.
            for other in names where machine.models[other]?.aspired.isEmpty == true { wanted[other] = [] }
        }
    }

    private mutating func plan(_ name: ModelName, listing: Int) {
        let highest = Int64(self.listing) + 3
        let versions = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            ModelVersion(Int64.random(in: max(1, highest - 5)...highest, using: &random))!
        }
        let before = wanted[name] ?? []
        let staysSame = hasRequests && !before.isEmpty && Bool.random(using: &random)
        let chosen = staysSame ? before : Set(versions)
        let prepared = mustPrepare ? chosen : []
        let aspired = AspiredVersions(name: name, versions: chosen.sorted(), unprepared: prepared)
        let changed = prepared.filter { _ in Bool.random(using: &random) }
        let needed = names.filter { _ in needsOthers && Int.random(in: 0..<4, using: &random) == 0 }
        if case .accepted = machine.modelPlanned(aspired, dependencies: needed, changed: changed, listing: listing) {
            wanted[name] = chosen
        }
    }

    private mutating func endLeases() {
        if !replacedEditions.isEmpty, draining.isEmpty || Bool.random(using: &random) {
            machine.leasesEnded(onEdition: replacedEditions.removeFirst())
            return
        }
        guard !draining.isEmpty else { return }
        machine.leasesEnded(draining.remove(at: Int.random(in: 0..<draining.count, using: &random)))
    }

    private func liveVersions() -> [ModelName: Set<ModelVersion>] {
        machine.models.mapValues { Set($0.versions.filter(\.life.isLive).map(\.version)) }
    }

    /// A model that was live stays live while anything of it is wanted, and other models' failures don't touch it.
    private mutating func check(_ before: [ModelName: Set<ModelVersion>]) {
        let after = liveVersions()
        for name in names {
            let was = before[name] ?? []
            let isNow = after[name] ?? []
            if !was.isEmpty, isNow.isEmpty, wanted[name]?.isEmpty == false {
                violations.append("\(name) lost its last live version")
            }
            let lost = was.subtracting(isNow)
            let isKept = !isNow.isDisjoint(with: wanted[name] ?? [])
            if !lost.isEmpty, wanted[name]?.isEmpty == false, !isKept {
                violations.append("\(name) lost \(lost) without a wanted one live")
            }
            let counts = machine.models[name]?.versions.map(\.version) ?? []
            if counts != counts.sorted() || Set(counts).count != counts.count {
                violations.append("\(name) has its versions in disorder")
            }
        }
        let isSettled = machine.models.values.allSatisfy(\.isSettled)
        if machine.isSettled != (isSettled && (listing > 0 || hasRequested)) {
            violations.append("the count of unsettled models is wrong")
        }
        if machine.isIdle != ((listing > 0 || hasRequested) && !machine.models.values.contains(where: \.isBusy)) {
            violations.append("the count of busy models is wrong")
        }
    }
}
