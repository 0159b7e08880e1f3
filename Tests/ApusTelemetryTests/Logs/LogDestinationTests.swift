import Glibc
import Testing

@testable import ApusTelemetry

struct LogDestinationTests {
    private let line = Array("a line\n".utf8)

    /// A path in the folder for temporary files that no other test uses.
    private func temporaryPath() -> String {
        "/tmp/apus-log-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).log"
    }

    @Test func `a file is made with mode 0640 and appended to`() throws {
        let path = temporaryPath()
        defer { _ = unsafe unlink(path) }
        try LogDestination.file(path).write(line)
        let second = try LogDestination.file(path)
        second.write(line)
        #expect(ProcFile.text(path) == "a line\na line\n")
        #expect(second.linesLost == 0)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 & ~0o640 == 0)
    }

    @Test func `a file that can't be opened says why and what to do`() {
        let codes = [("/no/such/folder/x.log", LogFileError.Code.notFound), ("/tmp", .notAFile)]
        for (path, code) in codes {
            let error = #expect(throws: LogFileError.self) { try LogDestination.file(path) }
            #expect(error?.code == code)
            #expect(error?.path == path)
        }
    }

    @Test func `a full disk is counted, not fatal`() throws {
        let destination = try LogDestination.file("/dev/full")
        destination.write(line)
        destination.write(line)
        #expect(destination.linesLost == 2)
    }

    @Test(arguments: [false, true])
    func `a reader that has gone is counted, not fatal`(isSocket: Bool) throws {
        let pipe = try TestPipe(isSocket: isSocket)
        let destination = LogDestination.descriptor(pipe.writeEnd)
        destination.write(line)
        #expect(destination.linesLost == 0)
        pipe.closeReader()
        destination.write(line)
        #expect(destination.linesLost == 1)
    }

    @Test(arguments: [false, true])
    func `a stalled reader costs lines, not time`(isSocket: Bool) throws {
        let pipe = try TestPipe(isSocket: isSocket)
        let destination = LogDestination.descriptor(pipe.writeEnd)
        let start = ContinuousClock.now
        for _ in 0..<200_000 { destination.write(line) }
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(destination.linesLost > 0)
        let lost = destination.linesLost
        let received = pipe.readLines()
        #expect(received.count + Int(lost) == 200_000)
        #expect(received.allSatisfy { $0 == "a line" })
        destination.write(line)
        #expect(destination.linesLost == lost)
        #expect(pipe.readLines() == ["a line"])
    }

    @Test func `the pipe of others doesn't become non-blocking`() throws {
        let pipe = try TestPipe()
        let destination = LogDestination.descriptor(pipe.writeEnd)
        destination.write(line)
        #expect(fcntl(pipe.writeEnd, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test func `the line after a torn one begins on its own`() throws {
        let pipe = try TestPipe()
        let destination = LogDestination.descriptor(pipe.writeEnd)
        destination.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + [UInt8(ascii: "\n")])
        #expect(destination.linesLost == 1)
        let torn = pipe.read()
        #expect(torn.allSatisfy { $0 == UInt8(ascii: "x") })
        destination.write(line)
        #expect(pipe.read() == [UInt8(ascii: "\n")] + line)
    }

    @Test func `lines of many writers stay whole`() async throws {
        let path = temporaryPath()
        defer { _ = unsafe unlink(path) }
        let destination = try LogDestination.file(path)
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    let line = [UInt8](repeating: UInt8(ascii: "a") + UInt8(writer), count: 300) + [UInt8(ascii: "\n")]
                    for _ in 0..<100 { destination.write(line) }
                }
            }
        }
        let lines = try #require(ProcFile.text(path, limit: 1 << 20)).split(separator: "\n")
        #expect(lines.count == 800)
        #expect(lines.allSatisfy { $0.utf8.count == 300 && Set($0.utf8).count == 1 })
    }
}
