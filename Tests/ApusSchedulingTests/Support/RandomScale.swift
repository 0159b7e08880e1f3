import Foundation

/// How much random tests do: what CI does, twenty times as much with `APUS_LONG`, a tenth with `APUS_BRIEF`, under
/// sanitizers.
enum RandomScale {
    static func scaled(_ count: Int) -> Int {
        let environment = ProcessInfo.processInfo.environment
        if environment["APUS_LONG"] != nil { return 20 * count }
        return environment["APUS_BRIEF"] != nil ? max(1, count / 10) : count
    }
}
