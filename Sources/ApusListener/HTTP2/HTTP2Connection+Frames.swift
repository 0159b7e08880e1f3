internal import ApusCore
internal import NIOCore

/// Frames that have come.
extension HTTP2Connection {
    /// Does what a frame asks for; one that breaks a rule of the connection ends it.
    func receive(_ input: HTTP2Input) {
        do throws(HTTP2Reason) {
            switch input {
            case .headers(let stream, let block, let isLast): try receive(block, on: stream, isLast: isLast)
            case .data(let stream, let bytes, let size, let isLast):
                try receive(bytes, size: size, on: stream, isLast: isLast)
            case .windowUpdate(let stream, let increment): try openWindow(of: stream, by: increment)
            case .reset(let stream): try receiveReset(of: stream)
            case .settings(let change): try receive(change)
            case .ping(let content):
                try rules.controlCame(now: loop.time.now)
                outbox.writePing(content, isAnswer: true)
                controlWritten()
            case .pingAnswer(let content):
                try rules.controlCame(now: loop.time.now)
                if content == HTTP2Connection.announcementPing {
                    carryOut(machine.announcementHeard(now: loop.time.now))
                }
            case .goAway:
                // The client opens no more streams; it waits for those that are open.
                carryOut(machine.goodbyeSaid(now: loop.time.now))
            case .nothing: try rules.controlCame(now: loop.time.now)
            case .streamFault(let stream, let reason): try streamFault(UInt64(stream), reason)
            case .fault(let reason): throw reason
            }
        } catch {
            fail(error)
        }
    }

    // MARK: Requests

    private func receive(_ block: ByteBuffer, on number: Int, isLast: Bool) throws(HTTP2Reason) {
        if let stream = streams[UInt64(number)] {
            // Trailers: nothing in them means anything to us, and they end the request.
            let areFine = try blocks.readTrailers(block)
            do throws(HTTP2Reason) {
                guard areFine else { throw .protocolError }
                try stream.machine.trailersArrived(isLast: isLast)
                try stream.machine.requestEnded()
                requestEnded(stream)
            } catch {
                try streamFault(stream.number, error)
            }
            return
        }
        // Decoded whatever becomes of it: the next block may refer to it.
        let request = try blocks.readRequest(block)
        switch machine.streamOpened(number) {
        case .accept: try open(number, request, isLast: isLast)
        case .refuse:
            try rules.resetCame(now: loop.time.now)
            writeReset(UInt64(number), .refusedStream)
        case .isGone: try act(on: rules.contentCame(onGone: number, lastStream: machine.lastStream))
        case .fail: throw .protocolError
        }
    }

    private func receive(_ bytes: ByteBuffer, size: Int, on number: Int, isLast: Bool) throws(HTTP2Reason) {
        try rules.dataArrived(size)
        openConnectionWindow()
        guard let stream = streams[UInt64(number)] else {
            return try act(on: rules.contentCame(onGone: number, lastStream: machine.lastStream))
        }
        do throws(HTTP2Reason) {
            try stream.machine.dataArrived(bytes.readableBytes, size: size, now: loop.time.now)
            if isLast { try stream.machine.requestEnded() }
        } catch {
            return try streamFault(stream.number, error)
        }
        if bytes.readableBytes > 0 { receive(bytes, on: stream) }
        if isLast { requestEnded(stream) } else { openWindow(of: stream) }
    }

    private func receiveReset(of number: Int) throws(HTTP2Reason) {
        try rules.resetCame(now: loop.time.now)
        guard let stream = streams[UInt64(number)] else {
            return try act(on: rules.controlCame(onGone: number, lastStream: machine.lastStream))
        }
        close(stream)
    }

    /// A rule of one stream has been broken: it is reset, and the connection goes on unless that happens too often.
    func streamFault(_ number: UInt64, _ reason: HTTP2Reason) throws(HTTP2Reason) {
        try rules.streamFault(now: loop.time.now)
        if let stream = streams[number] { reset(stream, reason) } else { writeReset(number, reason) }
    }

    private func act(on verdict: HTTP2Rules.OnGone) throws(HTTP2Reason) {
        if case .fail(let reason) = verdict { throw reason }
    }

    // MARK: Windows and settings

    private func openWindow(of number: Int, by increment: Int) throws(HTTP2Reason) {
        guard number > 0 else {
            try rules.windowOpened(by: increment)
            if !sendable.isEmpty { flushSoon() }
            return
        }
        guard let stream = streams[UInt64(number)] else {
            return try act(on: rules.controlCame(onGone: number, lastStream: machine.lastStream))
        }
        do throws(HTTP2Reason) {
            try stream.machine.sendWindowChanged(by: increment)
            enqueue(stream)
        } catch {
            try streamFault(stream.number, error)
        }
    }

    private func receive(_ change: HTTP2SettingsChange) throws(HTTP2Reason) {
        try rules.controlCame(now: loop.time.now)
        if let byteCount = change.headerTableBytes { outbox.clientRemembers(byteCount) }
        if let byteCount = change.maxFrameBytes { outbox.maxFrameBytes = byteCount }
        if let window = change.initialWindow {
            let difference = rules.initialWindowChanged(to: window)
            for stream in streams.values {
                try stream.machine.sendWindowChanged(by: difference)
                enqueue(stream)
            }
        }
        outbox.writeSettingsAnswer()
        controlWritten()
    }

    /// Opens the connection's window as far as it goes.
    func openConnectionWindow() {
        let increment = rules.openWindow()
        guard increment > 0 else { return }
        outbox.writeWindowUpdate(stream: 0, increment: increment)
        controlWritten()
    }

    /// Opens a stream's window when half of it has been used.
    func openWindow(of stream: HTTP2Stream) {
        let increment = stream.machine.windowUpdate()
        guard increment > 0 else { return }
        outbox.writeWindowUpdate(stream: Int(stream.number), increment: increment)
        controlWritten()
    }
}
