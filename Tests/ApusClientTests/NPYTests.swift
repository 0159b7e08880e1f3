import ApusClient
import ApusCore
import Testing

struct NPYTests {
    /// A file of a version, with a header as given and data after it.
    private func file(_ header: String, _ data: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
        let text = Array(header.utf8)
        var length = [UInt8(truncatingIfNeeded: text.count), UInt8(truncatingIfNeeded: text.count >> 8)]
        if version > 1 { length += [0, 0] }
        return NPYHeader.magic + [version, 0] + length + text + data
    }

    private func header(_ type: String, _ shape: String, fortran: String = "False") -> String {
        "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }          \n"
    }

    private func array(_ type: String, _ shape: String, _ data: [UInt8]) throws -> [JSONValue] {
        try NPYArray(parsing: file(header(type, shape), data)).elements
    }

    @Test func `every element type is read`() throws {
        #expect(try array("|b1", "(2,)", [0, 1]) == [.bool(false), .bool(true)])
        #expect(try array("|i1", "(1,)", [0xFF]) == [.number("-1")])
        #expect(try array("|u1", "(1,)", [0xFF]) == [.number("255")])
        #expect(try array("<i2", "(1,)", [0, 0x80]) == [.number("-32768")])
        #expect(try array("<u2", "(1,)", [0, 0x80]) == [.number("32768")])
        #expect(try array("<i4", "(1,)", [0xFE, 0xFF, 0xFF, 0xFF]) == [.number("-2")])
        #expect(try array("<u8", "()", Array(repeating: 0xFF, count: 8)) == [.number("18446744073709551615")])
        #expect(try array("<i8", "()", [0, 0, 0, 0, 0, 0, 0, 0x80]) == [.number("-9223372036854775808")])
        #expect(try array("<f2", "(2,)", [0, 0x3C, 0, 0x7C]) == [.number("1.0"), .number("Infinity")])
        #expect(try array("<f4", "(1,)", [0xCD, 0xCC, 0xCC, 0x3D]) == [.number("0.1")])
        #expect(try array("<f8", "(1,)", [0, 0, 0, 0, 0, 0, 0xF8, 0x7F]) == [.number("NaN")])
        #expect(try array("|S3", "(2,)", Array("ab\0c\0\0".utf8)) == [.string("ab"), .string("c")])
        #expect(try array("<U2", "(1,)", [0xE9, 0, 0, 0, 0, 0, 0, 0]) == [.string("é")])
    }

    @Test func `all three versions are read`() throws {
        for version in 1...3 {
            let bytes = file(header("<u2", "(1, 2)"), [1, 0, 2, 0], version: UInt8(version))
            #expect(try NPYArray(parsing: bytes).shape.dimensions == [1, 2])
        }
    }

    @Test func `values go over into the type of the model`() throws {
        let ones = Array(repeating: [0, 0, 0, 0, 0, 0, 0xF0, 0x3F] as [UInt8], count: 4).flatMap { $0 }
        let bytes = file(header("<f8", "(4,)"), ones)
        let tensor = try ModelMetadata.sample("x INT64 -1 4").tensors(bytes)[0]
        #expect(tensor.shape.dimensions == [1, 4])
        #expect(tensor.elements == Array(repeating: .number("1"), count: 4))
        let half = file(header("<f4", "(1, 2)"), [0, 0, 0, 0, 0, 0, 0, 0x3F])
        let message = failure { _ = try ModelMetadata.sample("x INT64 -1 2").tensors(half) }
        #expect(message.contains("at [0][1] (row 1, column 2): a whole number is expected for INT64, got 0.5"))
    }

    @Test(arguments: [
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "Python objects"),
        ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "big-endian"),
        ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,1), }", "Fortran order"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records"),
        ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "no tensor type"),
        ("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }", "no tensor type"),
        ("{'descr': '', 'fortran_order': False, 'shape': (1,), }", "no tensor type"),
        ("{'descr': '<U99999999999', 'fortran_order': False, 'shape': (1,), }", "no tensor type"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "sizes below 2^63"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }", "too large"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }", "too large"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,), }", "more bytes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", "the file has 4"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "sizes"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "needs 8 bytes of data, the file has 4"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", "needs 0 bytes of data, the file has 4"),
        ("{'descr': '<f4', 'fortran_order': False, }", "needs descr"),
        ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "must not have"),
        ("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}", "neither True nor False"),
        ("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", "comma"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "nothing after"),
        ("", "lacks '{'"),
    ])
    func `a hostile header is refused with its reason`(header: String, reason: String) {
        #expect(failure { _ = try NPYArray(parsing: file(header, [0, 0, 0, 0])) }.contains(reason))
    }

    @Test func `elements without bytes can't ask for memory`() {
        #expect(failure { _ = try array("|S0", "(9223372036854775807,)", []) }.contains("no bytes"))
    }

    @Test func `thirty-three dimensions are too many`() {
        let shape = "(\(String(repeating: "1,", count: 33)))"
        #expect(failure { _ = try NPYArray(parsing: file(header("<f4", shape), [0, 0, 0, 0])) }.contains("too large"))
    }

    @Test func `a file cut anywhere is refused`() {
        let whole = file(header("<f4", "(2, 2)"), Array(repeating: 0, count: 16))
        for length in 0..<whole.count {
            #expect(throws: ClientError.self) { try NPYArray(parsing: Array(whole[..<length])) }
        }
        let claim = NPYHeader.magic + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF] + Array(repeating: 0x20, count: 64)
        #expect(throws: ClientError.self) { try NPYArray(parsing: claim) }
        #expect(throws: ClientError.self) { try NPYArray(parsing: NPYHeader.magic + [4, 0, 0, 0]) }
    }

    @Test func `no file traps`() {
        let model = ModelMetadata.sample("x FP32 -1 2")
        let samples = [
            file(header("<f4", "(2, 2)"), Array(repeating: 0x3F, count: 16)),
            file(header("<U1", "(4,)"), Array(repeating: 0, count: 16), version: 2),
            file(header("|S4", "(4,)"), Array(repeating: 0x41, count: 16), version: 3),
        ]
        fuzz("NPY", samples) { bytes in _ = try? model.tensors(bytes, .npy) }
    }
}
