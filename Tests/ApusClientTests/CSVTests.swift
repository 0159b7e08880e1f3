import ApusClient
import ApusCore
import Testing

struct CSVTests {
    private func cells(_ text: String) throws -> [[String]] {
        try CSVTable(parsing: Array(text.utf8)).rows.map(\.cells)
    }

    @Test func `quotes, line ends and a byte order mark are understood`() throws {
        let expected = [["a", "b,c"], ["d\"e", "f\ng"]]
        #expect(try cells("\u{FEFF}a,\"b,c\"\r\n\r\n\"d\"\"e\",\"f\ng\"") == expected)
        #expect(try cells("1,\n,2\n") == [["1", ""], ["", "2"]])
    }

    @Test func `faults name their line`() {
        #expect(failure { _ = try cells("1,2\n\n3\n") } == "CSV line 3: 1 columns, the first row has 2")
        #expect(failure { _ = try cells("a\n\"b\nc") }.contains("line 2: the quoted cell"))
        #expect(failure { _ = try cells("\"a\"b") }.contains("after a closing quote"))
        #expect(failure { _ = try cells("\n\n") }.contains("empty"))
        #expect(failure { _ = try CSVTable(parsing: [0xFF]) }.contains("UTF-8"))
    }

    @Test func `rows are the first dimension`() throws {
        let tensor = try ModelMetadata.sample("x FP32 -1 4").tensors("5.1,3.5,1.4,.2\n6, 3.0 ,4,1e0\n")[0]
        #expect(tensor.shape.dimensions == [2, 4])
        #expect(tensor.elements[3] == .number("0.2") && tensor.elements[5] == .number("3.0"))
    }

    @Test func `a header row is recognised`() throws {
        let iris = ModelMetadata.sample("x FP32 -1 2")
        #expect(try iris.tensors("width,length\n1,2\n")[0].shape.dimensions == [1, 2])
        #expect(try iris.tensors("1,2\n3,4\n")[0].shape.dimensions == [2, 2])
        let text = ModelMetadata.sample("text BYTES -1 1")
        #expect(try text.tensors("text\nhello\n", .csv)[0].elements == [.string("hello")])
        #expect(try text.tensors("hello\nyou\n", .csv)[0].shape.dimensions == [2, 1])
    }

    @Test func `several inputs take columns by name`() throws {
        let model = ModelMetadata.sample("a INT64 -1", "b FP32 -1 2", "c BOOL -1 1")
        let tensors = try model.tensors("b[1],c,a,b[0]\n1,true,7,0.5\n2,0,8,1.5\n")
        #expect(tensors.map(\.shape.dimensions) == [[2], [2, 2], [2, 1]])
        #expect(tensors[0].elements == [.number("7"), .number("8")])
        #expect(tensors[1].elements == [.number("0.5"), .number("1"), .number("1.5"), .number("2")])
        #expect(tensors[2].elements == [.bool(true), .bool(false)])
        #expect(failure { _ = try model.tensors("a,c\n1,1\n") }.contains("no column for input 'b'"))
        #expect(failure { _ = try model.tensors("a,b[0],b[1],c,d\n1,1,1,1,1\n") }.contains("column 'd' is no input"))
        #expect(failure { _ = try model.tensors("1,2,3,4\n") }.contains("takes 3 inputs"))
    }

    @Test func `a wrong cell is named by row and column`() {
        let message = failure { _ = try ModelMetadata.sample("x INT8 -1 2").tensors("p,q\n1,2\n3,300\n") }
        #expect(message == "input 'x', row 2 (line 3), column 2 'q': '300' is out of range: INT8 goes from -128 to 127")
        let empty = failure { _ = try ModelMetadata.sample("x FP32 -1 2").tensors("1,2\n,4\n") }
        #expect(empty.contains("row 2 (line 2), column 1: a number is expected for FP32, got an empty cell"))
    }

    @Test func `a table of the wrong width is refused with what is wanted`() {
        let message = failure { _ = try ModelMetadata.sample("x FP32 -1 4").tensors("1,2,3\n") }
        #expect(message.contains("wants shape [-1,4] (-1: any size), but the table has 1 rows of 3 columns"))
    }

    @Test func `no table traps`() {
        let model = ModelMetadata.sample("a INT64 -1", "b FP32 -1 2")
        let wide = ModelMetadata.sample("x UINT8 -1 3 -1")
        fuzz("CSV", ["b[1],a,b[0]\n1,2,3\n4,5,6\n", "\"1\",\"2\"\"\n\",3\r\n4,5,6\r\n"].map { Array($0.utf8) }) {
            bytes in
            _ = try? model.tensors(bytes, .csv)
            _ = try? wide.tensors(bytes, .csv)
        }
    }
}
