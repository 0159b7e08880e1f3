import ApusEngine
import Dispatch
import Foundation

/// Calls `terminate` again and again from a thread of its own, for as long as something runs.
///
/// Again and again because a call before the run begins does nothing; a thread because a run blocks the one it is on.
enum Terminator {
    /// Runs a body and terminates it.
    static func whileTerminating<Result>(_ instance: any ModelInstance, _ body: () -> Result) -> Result {
        let isDone = Flag()
        let hasEnded = DispatchSemaphore(value: 0)
        let thread = Thread {
            while !isDone.isRaised {
                instance.terminate()
                Thread.sleep(forTimeInterval: 0.001)
            }
            hasEnded.signal()
        }
        thread.start()
        defer {
            isDone.raise()
            hasEnded.wait()
        }
        return body()
    }
}
