import ApusCore
import ApusEngine
import Foundation
import Glibc
import Synchronization
import Testing

@testable import ApusONNXRuntime

struct ThreadPriorityTests {
    /// The threads of this process, by number, with their niceness.
    private static func niceness() -> [String: Int] {
        var all: [String: Int] = [:]
        for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
            guard let data = FileManager.default.contents(atPath: "/proc/self/task/\(task)/stat") else { continue }
            // The name stands in parentheses and may hold spaces; niceness is the nineteenth field.
            let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            if fields.count > 16 { all[task] = Int(fields[16]) }
        }
        return all
    }

    /// What a body gives on a thread whose niceness is 7, which no other thread has.
    private static func onNiceThread(_ body: @escaping @Sendable () -> [Int]) -> [Int] {
        final class Box: Sendable { let numbers = Mutex<[Int]>([]) }
        let box = Box()
        let isOver = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 7)
            let numbers = body()
            box.numbers.withLock { $0 = numbers }
            isOver.signal()
        }
        isOver.wait()
        return box.numbers.withLock { $0 }
    }

    @Test(.serialized, arguments: [["intra_op_thread_count": "3"], [:]])
    func `no thread of a session has the low priority of the thread that loads it`(
        _ parameters: [String: String]
    ) throws {
        // The engine's own threads are made at the start.
        _ = try Fixture.engine()
        let found = ThreadPriorityTests.onNiceThread {
            let before = ThreadPriorityTests.niceness()
            let session = try? Fixture.load("two_batch", parameters)
            let after = ThreadPriorityTests.niceness()
            return withExtendedLifetime(session) {
                [
                    session == nil ? 0 : 1, after.values.count { $0 == 7 },
                    after.keys.count { before[$0] == nil },
                ]
            }
        }
        #expect(found[0] == 1)
        // Only the loading thread itself.
        #expect(found[1] == 1)
        if !parameters.isEmpty { #expect(found[2] >= 2) }
    }
}
