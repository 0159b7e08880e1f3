import ApusCore
import NIOCore
import NIOEmbedded
import Testing

@testable import ApusListener

/// What a client may do on a connection as a whole, and what waits while it takes nothing.
struct HTTP2RulesTests {
    typealias Frame = RawHTTP2.Frame

    private func at(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 5).advanced(byNanoseconds: seconds * 1_000_000_000)
    }

    /// The rule that an event breaks.
    private func fault(_ event: () throws(HTTP2Reason) -> Void) -> HTTP2Reason? {
        do throws(HTTP2Reason) {
            try event()
            return nil
        } catch {
            return error
        }
    }

    @Test func `as many as allowed in a time, and then again`() throws {
        var rules = HTTP2Rules()
        for second in [0, 30, 60] as [Int64] {
            for _ in 0..<HTTP2Limits.maxResets { try rules.resetCame(now: at(second)) }
        }
        #expect(fault { () throws(HTTP2Reason) in try rules.resetCame(now: at(89)) } == .enhanceYourCalm)
        for second in [0, 1, 2] as [Int64] {
            for _ in 0..<HTTP2Limits.maxControlFrames { try rules.controlCame(now: at(second)) }
        }
        #expect(fault { () throws(HTTP2Reason) in try rules.controlCame(now: at(2)) } == .enhanceYourCalm)
    }

    @Test func `faults of streams have a limit in a time and one in all`() throws {
        var rules = HTTP2Rules()
        for _ in 0..<HTTP2Limits.maxStreamErrors.inWindow { try rules.streamFault(now: at(0)) }
        #expect(fault { () throws(HTTP2Reason) in try rules.streamFault(now: at(0)) } == .enhanceYourCalm)
        var patient = HTTP2Rules()
        for number in 0..<HTTP2Limits.maxStreamErrors.inAll { try patient.streamFault(now: at(Int64(number))) }
        #expect(fault { () throws(HTTP2Reason) in try patient.streamFault(now: at(100_000)) } == .enhanceYourCalm)
    }

    @Test func `the connection's windows`() throws {
        var rules = HTTP2Rules()
        #expect(rules.openWindow() == HTTP2Limits.connectionWindow - 65_535)
        try rules.dataArrived(HTTP2Limits.connectionWindow / 2 - 1)
        #expect(rules.openWindow() == 0)
        try rules.dataArrived(1)
        #expect(rules.openWindow() == HTTP2Limits.connectionWindow / 2)
        let tooMuch = HTTP2Limits.connectionWindow + 1
        #expect(fault { () throws(HTTP2Reason) in try rules.dataArrived(tooMuch) } == .flowControlError)
        rules.sent(65_535)
        try rules.windowOpened(by: HTTP2Limits.maxWindow)
        #expect(fault { () throws(HTTP2Reason) in try rules.windowOpened(by: 1) } == .flowControlError)
        #expect(rules.initialWindowChanged(to: 10) == 10 - 65_535 && rules.initialWindowChanged(to: 30) == 20)
        #expect(rules.initialSendWindow == 30)
    }

    @Test func `streams that were reset are remembered, as many as may be open`() {
        var rules = HTTP2Rules()
        for number in 0...HTTP2Limits.maxStreams { rules.ended(number * 2 + 1) }
        let last = HTTP2Limits.maxStreams * 2 + 1
        #expect(rules.contentCame(onGone: 1, lastStream: last) == .fail(.streamClosed))
        #expect(rules.contentCame(onGone: 3, lastStream: last) == .ignore)
        #expect(rules.contentCame(onGone: last, lastStream: last) == .ignore)
        #expect(rules.contentCame(onGone: last + 2, lastStream: last) == .fail(.protocolError))
        #expect(rules.controlCame(onGone: 1, lastStream: last) == .ignore)
        #expect(rules.controlCame(onGone: last + 2, lastStream: last) == .fail(.protocolError))
    }

    @Test func `while the socket takes nothing no stream ends`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.channel.isWritable = false
        server.application.content = { $0.path == "/" ? "" : "text" }
        let call = [0x83, 0x86, 0x04, 8] + Array("/a/unary".utf8) + [0x0f, 0x10, 16] + Array("application/grpc".utf8)
        server.send([
            Frame(type: 1, flags: 5, stream: 1, payload: RawHTTP2.getHead),
            Frame(type: 1, flags: 4, stream: 3, payload: call),
            Frame(type: 0, flags: 1, stream: 3, payload: HTTP2Harness.message("hey")),
        ])
        for number in 2..<1100 {
            server.send([Frame(type: 1, flags: 5, stream: number * 2 + 1, payload: RawHTTP2.getHead)])
        }
        func ends() -> Int { server.frames.count { $0.type <= 1 && $0.flags & 1 != 0 } }
        #expect(ends() == 0)
        // Those that wait count: there are no more of them than may be open.
        #expect(try server.connection.streams.count == HTTP2Limits.maxStreams)
        server.channel.isWritable = true
        server.channel.pipeline.fireChannelWritabilityChanged()
        server.run()
        #expect(ends() == HTTP2Limits.maxStreams)
        #expect(try server.connection.streams.isEmpty && server.connection.unsent == 0)
    }

    @Test func `answers to PING don't pile up before a socket that takes nothing`() throws {
        let server = try RawHTTP2()
        defer { server.end() }
        server.channel.isWritable = false
        let ping = Frame(type: 6, stream: 0, payload: [UInt8](repeating: 0, count: 8))
        for _ in 0..<10 where !server.hasClosed {
            server.send(Array(repeating: ping, count: 200))
            server.time.advance(milliseconds: 1001)
        }
        #expect(server.hasClosed && server.goodbye == nil)
    }
}
