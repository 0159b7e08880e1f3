import ApusCore
import ApusModels
import Testing

struct AspiredVersionsTests {
    private func versions(_ numbers: Int64...) -> [ModelVersion] { numbers.map { ModelVersion($0)! } }

    @Test func `a policy picks versions`() {
        let there = versions(1, 2, 5)
        #expect(VersionPolicy.latest(1).wanted(of: there) == versions(5))
        #expect(VersionPolicy.latest(2).wanted(of: there) == versions(2, 5))
        #expect(VersionPolicy.latest(9).wanted(of: there) == there)
        #expect(VersionPolicy.latest(-1).wanted(of: there).isEmpty)
        #expect(VersionPolicy.all.wanted(of: there) == there)
        #expect(VersionPolicy.specific(versions(2, 1, 2)).wanted(of: there) == versions(1, 2))
    }

    @Test func `a wanted version without a folder is a fault`() throws {
        let folder = try #require(listing(["m": [1, 2]]).models.first)
        let aspired = AspiredVersions(of: folder, under: .specific(versions(2, 7)))
        #expect(aspired.versions == versions(2, 7))
        #expect(aspired.faults.keys.map(\.number) == [7])
        #expect(aspired.faults[ModelVersion(7)!]?.message.contains("has no folder 'm/7'") == true)
    }
}
