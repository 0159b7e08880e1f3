import ApusTesting
import Foundation
import Testing

@testable import ApusScheduling

/// Random schedules through a whole scheduler: one end each, answers as if alone, order, bounds, promptness.
///
/// One after another, and with many pauses, since other tests wait for the same threads.
@Suite(.serialized)
struct SchedulerPropertyTests {
    /// Steps of a schedule: fresh schedulers find out about batches anew.
    private static let length = min(2_500, RandomScale.scaled(2_500))

    @Test(arguments: SchedulerSetting.all)
    func `every request gets one end, and every answer is what it would be alone`(
        _ setting: SchedulerSetting
    ) async throws {
        let seed = ProcessInfo.processInfo.environment["APUS_SEED"].flatMap(UInt64.init) ?? .random(in: .min ... .max)
        print("SchedulerPropertyTests, \(setting.name): seed \(seed)")
        var ends: [String: Int] = [:]
        var steps = 0
        for round in 0..<UInt64(RandomScale.scaled(1)) {
            let requests = try RandomRequests(setting, seed: seed &+ round)
            for step in 1...SchedulerPropertyTests.length where requests.fault == nil {
                requests.step()
                if step.isMultiple(of: 20) { await Task.yield() }
            }
            await requests.finish()
            if let fault = requests.fault {
                Issue.record("\(fault) (seed \(seed &+ round), of which round \(round))")
                return
            }
            ends.merge(requests.ends) { $0 + $1 }
            steps += requests.steps
        }
        print("SchedulerPropertyTests, \(setting.name): \(steps) steps, \(ends.sorted { $0.key < $1.key })")
        #expect(ends["answered"] ?? 0 > 0)
        #expect(ends["cancelled"] ?? 0 > 0)
    }

    @Test(arguments: SchedulerSetting.all)
    func `so it is with engine threads`(_ setting: SchedulerSetting) async throws {
        let seed = ProcessInfo.processInfo.environment["APUS_SEED"].flatMap(UInt64.init) ?? .random(in: .min ... .max)
        print("SchedulerPropertyTests with threads, \(setting.name): seed \(seed)")
        for round in 0..<UInt64(RandomScale.scaled(1)) {
            let requests = try RandomRequests(setting, seed: seed &+ round, threads: 4)
            // What two threads do to one request in the same moment needs many tries.
            let length = SchedulerPropertyTests.length * (setting.large > 50 ? 4 : 1)
            for step in 1...length where requests.fault == nil {
                requests.step()
                if step.isMultiple(of: 20) { await Task.yield() }
            }
            await requests.finish()
            if let fault = requests.fault {
                Issue.record("\(fault) (seed \(seed &+ round))")
                return
            }
        }
    }
}
