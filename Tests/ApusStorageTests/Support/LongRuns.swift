import Glibc

/// How much chance is tried: little in every run, much more with APUS_LONG=1.
enum LongRuns {
    static let isLong = unsafe getenv("APUS_LONG") != nil

    static func count(_ usual: Int, long: Int) -> Int { isLong ? long : usual }
}
