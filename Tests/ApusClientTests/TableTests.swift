import ApusClient
import ApusCore
import Testing

struct TableTests {
    @Test func `columns are aligned, decimal points stand under each other`() {
        var table = TextTable([.init("NAME"), .init("N", .right), .init("VALUE", .decimal)])
        table.append(["a", "1", "10.25"])
        table.append(["long", "200", "0.5"])
        table.append(["x"])
        #expect(
            table.text == """
                NAME    N  VALUE
                a       1  10.25
                long  200   0.5
                x

                """
        )
    }

    @Test func `control characters of others do not reach the terminal`() {
        var table = TextTable([.init("REASON")])
        table.append(["bad\u{1B}[2J\nline\u{202E}"])
        #expect(table.text == "REASON\nbad\\u{1b}[2J\\nline\\u{202e}\n")
    }

    @Test func `the index is a table, and JSON as the wire has it`() throws {
        let entries = [
            RepositoryIndexEntry(name: "iris", version: .first, state: .ready),
            RepositoryIndexEntry(name: "broken", version: nil, state: .unavailable, reason: "no model file"),
        ]
        #expect(
            ModelTable.text(entries) == """
                NAME    VERSION  STATE        REASON
                iris          1  READY
                broken        -  UNAVAILABLE  no model file

                """
        )
        let json = try JSONParser.parse(Array(ModelTable.json(entries).utf8))
        #expect(try RepositoryIndexEntry.entries(fromJSON: json) == entries)
    }

    @Test func `a class stands beside its probabilities`() throws {
        let answer = #"""
            {"model_name":"iris","model_version":"1","outputs":[
            {"name":"label","shape":[2],"datatype":"INT64","data":[0,12]},
            {"name":"p","shape":[2,3],"datatype":"FP32","data":[0.98,0.0195,7e-07,0.1,10.5,0.4]}]}
            """#
        #expect(
            try AnswerTable(answer: JSONParser.parse(Array(answer.utf8))).text == """
                model iris, version 1

                OUTPUT  SHAPE  DATATYPE
                label   [2]    INT64
                p       [2,3]  FP32

                ROW  label  p[0]      [1]    [2]
                  0      0  0.98   0.0195  7e-07
                  1     12  0.1   10.5     0.4

                """
        )
    }

    @Test func `an answer that lies about its shape is refused`() throws {
        for output in [
            #"{"name":"y","shape":[3],"datatype":"FP32","data":[1]}"#,
            #"{"name":"y","shape":[-1],"datatype":"FP32","data":[1]}"#,
            #"{"name":"y","shape":[4294967296,4294967296],"datatype":"FP32","data":[]}"#,
            #"{"name":"y","shape":[1],"datatype":"FP32"}"#,
        ] {
            let json = try JSONParser.parse(Array("{\"outputs\":[\(output)]}".utf8))
            #expect(throws: ClientError.self) { try AnswerTable(answer: json) }
        }
    }

    @Test func `outputs without rows in common, scalars and nothing at all are printed`() throws {
        let answer = #"""
            {"outputs":[{"name":"s","shape":[],"datatype":"FP32","data":[1.5]},
            {"name":"none","shape":[0,4],"datatype":"FP32","data":[]},
            {"name":"w","shape":[1,14],"datatype":"INT8","data":[1,2,3,4,5,6,7,8,9,10,11,12,13,14]}]}
            """#
        let text = try AnswerTable(answer: JSONParser.parse(Array(answer.utf8))).text
        #expect(text.contains("none    [0,4]") && text.contains("… 2 more") && text.contains("0  1.5"))
    }

    @Test func `numbers are rounded to their decimals`() {
        #expect(FixedPoint.text(1.005, decimals: 1) == "1.0")
        #expect(FixedPoint.text(-0.04, decimals: 1) == "0.0")
        #expect(FixedPoint.text(99.96, decimals: 1) == "100.0")
        #expect(FixedPoint.text(.infinity, decimals: 1) == "inf")
        #expect(FixedPoint.text(12.5, decimals: 0) == "13")
        #expect(FixedPoint.grouped(1_234_567) == "1,234,567")
        #expect(FixedPoint.time(nanoseconds: 999) == "999 ns")
        #expect(FixedPoint.time(nanoseconds: 12_345_678) == "12.35 ms")
    }

    @Test func `durations are read with their units`() {
        #expect(DurationText.parse("10s") == .seconds(10))
        #expect(DurationText.parse("1.5") == .milliseconds(1_500))
        #expect(DurationText.parse("250ms") == .milliseconds(250))
        #expect(DurationText.parse("2m") == .seconds(120))
        for text in ["", "s", "-1s", "1d", "nan", "1e5s", "99999999h", "1 s"] {
            #expect(DurationText.parse(text) == nil)
        }
    }
}
