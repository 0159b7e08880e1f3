import ApusCore
import ApusStorage
import Testing

@testable import ApusModels

/// Versions that somebody may still be writing.
struct SettlingRuleTests {
    private var rule = SettlingRule(nanoseconds: 2_000_000_000)

    private func version(_ stamp: String, modified: Int64? = 1000) -> RepositoryListing {
        let entry = StorageEntry(name: "model.onnx", kind: .file, stamp: stamp, modified: modified)
        let version = VersionFolder(version: .first, path: StoragePath("m/1")!, entries: [entry])
        let model = ModelFolder(
            name: name("m"),
            path: StoragePath("m")!,
            entries: [],
            versions: [version],
            storage: FailingStorage(),
            modelFilenames: ["model.onnx"]
        )
        return RepositoryListing(models: [model])
    }

    private mutating func look(_ stamp: String, at second: Int64, modified: Int64? = 1000) -> (String?, Bool) {
        let now = MonotonicTime(nanoseconds: second * 1_000_000_000)
        let (listing, isUnsettled) = rule.judge(version(stamp, modified: modified), now: now, seconds: 1000 + second)
        let found = listing.models[0].versions[0]
        return (found.isComplete ? found.entries[0].stamp : nil, isUnsettled)
    }

    @Test mutating func `what is old by the storage's clock is whole at the first look`() {
        #expect(look("a", at: 10) == ("a", false))
    }

    @Test mutating func `what is young is whole when a second look finds it unchanged`() {
        #expect(look("a", at: 0) == (nil, true))
        #expect(look("a", at: 1) == (nil, true))
        #expect(look("a", at: 2) == ("a", false))
    }

    @Test mutating func `each change begins the waiting anew`() {
        #expect(look("a", at: 0) == (nil, true))
        #expect(look("b", at: 2, modified: 1002) == (nil, true))
        #expect(look("b", at: 3, modified: 1002) == (nil, true))
        #expect(look("b", at: 4, modified: 1002) == ("b", false))
    }

    @Test mutating func `a version that was whole stays as it was while it is rewritten`() {
        #expect(look("a", at: 10) == ("a", false))
        #expect(look("b", at: 11, modified: 1011) == ("a", true))
        #expect(look("c", at: 12, modified: 1012) == ("a", true))
        #expect(look("c", at: 14, modified: 1012) == ("c", false))
    }

    @Test mutating func `a clock that is ahead, or none at all, is made up for by looking twice`() {
        #expect(look("a", at: 0, modified: 99_999) == (nil, true))
        #expect(look("a", at: 2, modified: 99_999) == ("a", false))
        #expect(look("b", at: 3, modified: nil) == ("a", true))
        #expect(look("b", at: 5, modified: nil) == ("b", false))
    }

    @Test mutating func `a version that went and came back is new`() {
        #expect(look("a", at: 0) == (nil, true))
        _ = rule.judge(RepositoryListing(models: []), now: MonotonicTime(nanoseconds: 1), seconds: 1001)
        #expect(look("a", at: 2, modified: 1001) == (nil, true))
    }
}
