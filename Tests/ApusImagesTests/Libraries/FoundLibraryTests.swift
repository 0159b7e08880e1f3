import ApusCore
import ApusTesting
import Synchronization
import Testing

@testable import ApusImages

/// When a library is looked for, and by whom.
struct FoundLibraryTests {
    /// Directories in which a library may turn up; counts how often they are searched.
    private final class Disk: Sendable {
        private let state = Mutex<(library: String?, searches: Int)>((nil, 0))

        var searches: Int { state.withLock { $0.searches } }

        func install(_ library: String) { state.withLock { $0.library = library } }

        func search() -> String? {
            state.withLock { state in
                state.searches += 1
                return state.library
            }
        }
    }

    private let disk = Disk()
    private let time = ManualTime()

    private func makeLibrary() -> FoundLibrary<String> {
        FoundLibrary(time: time) { [disk] in disk.search() }
    }

    @Test func `one that is there is looked for once`() {
        let library = makeLibrary()
        disk.install("a")
        #expect(!library.isFound)
        #expect(disk.searches == 0)
        for _ in 0..<3 { #expect(library.look() == "a") }
        #expect(library.isFound)
        time.advance(byNanoseconds: 10_000_000_000)
        #expect(library.look() == "a")
        #expect(disk.searches == 1)
    }

    @Test func `one that is missing is looked for again a second later`() {
        let library = makeLibrary()
        for _ in 0..<3 { #expect(library.look() == nil) }
        #expect(disk.searches == 1)
        disk.install("a")
        time.advance(byNanoseconds: 999_999_999)
        #expect(library.look() == nil)
        #expect(!library.isFound)
        time.advance(byNanoseconds: 1)
        #expect(library.look() == "a")
        #expect(library.isFound)
        #expect(disk.searches == 2)
    }

    @Test func `whoever asks meanwhile doesn't wait for a search`() {
        let isFound = Mutex<Bool?>(nil)
        let itself = Mutex<FoundLibrary<String>?>(nil)
        let library = FoundLibrary<String>(time: time) {
            // Would never return if the search held the lock.
            isFound.withLock { $0 = itself.withLock { $0 }?.isFound }
            return "a"
        }
        itself.withLock { $0 = library }
        #expect(library.look() == "a")
        #expect(isFound.withLock { $0 } == false)
        itself.withLock { $0 = nil }
    }
}
