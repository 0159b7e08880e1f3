import ApusCore
import Testing

@testable import ApusTelemetry

struct AccessLogTests {
    /// A log that writes nowhere, for its lines.
    private func log(_ format: LogFormat, mode: AccessLogMode = .all) throws -> AccessLog {
        AccessLog(mode: mode, format: format, destination: try LogDestination.file("/dev/null"))
    }

    /// A request that was answered.
    private func answered() throws -> AccessRecord {
        var timings = RequestTimings(received: MonotonicTime(nanoseconds: 1000))
        timings.queued = MonotonicTime(nanoseconds: 21_000)
        timings.computeStarted = MonotonicTime(nanoseconds: 2_021_000)
        timings.inputReady = MonotonicTime(nanoseconds: 2_022_000)
        timings.inferEnded = MonotonicTime(nanoseconds: 5_022_000)
        timings.computeEnded = MonotonicTime(nanoseconds: 5_023_500)
        var record = AccessRecord(operation: .infer, status: 200, latencyNanoseconds: 5_100_000)
        record.requestID = "r 1"
        record.model = ModelName("iris")
        record.version = ModelVersion(3)
        record.inputs = [
            TensorSummary(name: "features", shape: try #require(TensorShape([1, 4]))),
            TensorSummary(name: "mask", shape: .scalar),
        ]
        record.outputs = [TensorSummary(name: "label", shape: try #require(TensorShape([1])))]
        record.phases = AccessRecord.Phases(timings)
        record.bytesIn = 120
        record.bytesOut = 80
        return record
    }

    @Test func `an answered request is one readable line`() throws {
        let line = try log(.readable).line(for: answered(), at: LogLineTests.moment)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-11-20T23:30:08.123Z INFO  Request answered request_id=\"r 1\" operation=infer model=iris "
                + "version=3 status=200 inputs=features[1,4];mask[] outputs=label[1] latency_ms=5.100 decode_ms=0.020 "
                + "queue_ms=2.000 compute_input_ms=0.001 compute_infer_ms=3.000 compute_output_ms=0.001 "
                + "bytes_in=120 bytes_out=80\n"
        )
    }

    @Test func `an answered request is one JSON object`() throws {
        let line = try log(.json).line(for: answered(), at: LogLineTests.moment)
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"time":"2026-11-20T23:30:08.123Z","level":"info","message":"Request answered","request_id":"r 1","#
                + #""operation":"infer","model":"iris","version":3,"status":200,"inputs":["features[1,4]","mask[]"],"#
                + #""outputs":["label[1]"],"latency_ms":5.100,"decode_ms":0.020,"queue_ms":2.000,"#
                + #""compute_input_ms":0.001,"compute_infer_ms":3.000,"compute_output_ms":0.001,"#
                + #""bytes_in":120,"bytes_out":80}"# + "\n"
        )
    }

    @Test func `a failed request carries its code and no phases it never reached`() throws {
        var record = AccessRecord(operation: .infer, status: 404, latencyNanoseconds: 30_000)
        record.code = .notFound
        let line = try log(.readable).line(for: record, at: LogLineTests.moment)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-11-20T23:30:08.123Z WARN  Request failed operation=infer status=404 code=not_found "
                + "latency_ms=0.030 bytes_in=0 bytes_out=0\n"
        )
    }

    @Test func `the mode decides which requests are written`() throws {
        let expected: [AccessLogMode: Int] = [.off: 0, .failures: 1, .all: 2]
        for (mode, count) in expected {
            let pipe = try TestPipe()
            let log = AccessLog(mode: mode, format: .json, destination: .descriptor(pipe.writeEnd))
            try log.record(answered())
            var failed = try answered()
            failed.code = .engineFailure
            log.record(failed)
            #expect(pipe.readLines().count == count)
        }
    }

    @Test(arguments: LogFormat.allCases, LogLineTests.attacks)
    func `a request's names can't forge a line`(format: LogFormat, attack: String) throws {
        var record = try answered()
        record.requestID = attack
        record.inputs = [TensorSummary(name: attack, shape: .scalar)]
        record.outputs = record.inputs
        let line = String(decoding: try log(format).line(for: record, at: LogLineTests.moment), as: UTF8.self)
        #expect(line.unicodeScalars.dropLast().allSatisfy { !UTF8Sequence.isMisleading($0.value) })
        #expect(line.last == "\n")
        #expect(!skeleton(of: line).contains("b="))
        #expect(!skeleton(of: line).contains("error"))
    }

    @Test func `a request id of a megabyte doesn't make a line of a megabyte`() throws {
        var record = try answered()
        record.requestID = String(repeating: "\u{1}", count: 1 << 20)
        #expect(try log(.json).line(for: record, at: 0).count < 8192)
    }
}
