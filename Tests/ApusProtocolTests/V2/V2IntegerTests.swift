import ApusCore
import ApusProtocol
import Testing

/// Integers in `data`: every one that the type holds, exactly, and nothing else.
struct V2IntegerTests {
    private func expectRange<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ dataType: DataType,
        _ type: Integer.Type,
        below: String,
        above: String
    ) throws {
        let request = TestRequest(dataType: dataType, shape: "[4]", data: "[\(Integer.min),0,1,\(Integer.max)]")
        #expect(try request.elements(as: Integer.self) == [.min, 0, 1, .max])
        for number in [below, above] {
            let error = TestRequest(dataType: dataType, shape: "[3]", data: "[1,\(number),2]").refusal()
            #expect(error?.code == .invalidArgument)
            #expect(error?.message == "'inputs[0].data[1]': \(number) is out of range for \(dataType.rawValue)")
            #expect(error?.field == "inputs[0].data[1]")
            #expect(error?.got == number)
        }
    }

    @Test func `each integer type takes its smallest and largest number and refuses their neighbours`() throws {
        try expectRange(.uint8, UInt8.self, below: "-1", above: "256")
        try expectRange(.uint16, UInt16.self, below: "-1", above: "65536")
        try expectRange(.uint32, UInt32.self, below: "-1", above: "4294967296")
        try expectRange(.uint64, UInt64.self, below: "-1", above: "18446744073709551616")
        try expectRange(.int8, Int8.self, below: "-129", above: "128")
        try expectRange(.int16, Int16.self, below: "-32769", above: "32768")
        try expectRange(.int32, Int32.self, below: "-2147483649", above: "2147483648")
        try expectRange(.int64, Int64.self, below: "-9223372036854775809", above: "9223372036854775808")
    }

    @Test(
        arguments: [
            "36893488147419103232", "-36893488147419103232", "99999999999999999999999999999999", "1e19", "1e300",
            "18446744073709551615.0", "9007199254740993.0",
        ]
    )
    func `numbers of more than sixty-four bits are out of range in every integer type`(number: String) {
        for dataType in DataType.integers {
            let error = TestRequest(dataType: dataType, shape: "[1]", data: "[\(number)]").refusal()
            #expect(error?.message.hasSuffix("is out of range for \(dataType.rawValue)") == true, "\(dataType)")
        }
    }

    @Test(arguments: ["3.0", "3e0", "0.3e1", "300e-2", "3", "3.000000000000000000000000000000"])
    func `an integer may be spelled with a point or an exponent`(number: String) throws {
        for dataType in DataType.integers {
            let request = TestRequest(dataType: dataType, shape: "[2]", data: "[\(number),1]")
            #expect(try request.tensor().byteArray.first == 3, "\(dataType)")
        }
        let thousand = TestRequest(dataType: .int16, shape: "[1]", data: "[1e3]")
        #expect(try thousand.elements(as: Int16.self) == [1000])
    }

    @Test func `minus zero is zero`() throws {
        for dataType in DataType.integers {
            let request = TestRequest(dataType: dataType, shape: "[2]", data: "[-0,-0.0]")
            #expect(try request.tensor().byteArray.allSatisfy { $0 == 0 }, "\(dataType)")
        }
    }

    @Test(arguments: ["0.5", "1.0000000000000002", "-1e-3", "1e-300"])
    func `a fraction is refused with the index of its element`(number: String) {
        for dataType in DataType.integers {
            let error = TestRequest(dataType: dataType, shape: "[2,2]", data: "[[1,2],[3,\(number)]]").refusal()
            #expect(error?.field == "inputs[0].data[3]", "\(dataType)")
            #expect(error?.message.contains("\(number) is not an integer") == true, "\(dataType)")
        }
    }

    @Test(arguments: ["NaN", "Infinity", "-Infinity", "true", "null", "\"1\"", "{}", "{\"a\":[1]}"])
    func `what isn't a number is refused`(value: String) {
        for dataType in DataType.integers {
            let error = TestRequest(dataType: dataType, shape: "[2]", data: "[1,\(value)]").refusal()
            #expect(error?.code == .invalidArgument, "\(dataType)")
            #expect(error?.field == "inputs[0].data[1]", "\(dataType)")
        }
    }

    @Test(arguments: ["01", "1.", ".5", "+1", "1e", "1e+", "0x10", "--1", "-", "1_000", "1 2", "٣", "1e1.0"])
    func `what is no number by JSON's grammar is refused`(text: String) {
        for dataType in DataType.allCases {
            #expect(TestRequest(dataType: dataType, shape: "[1]", data: "[\(text)]").refusal() != nil, "\(dataType)")
        }
    }

    @Test func `a hundred thousand random integers of every length come back`() throws {
        var generator = SeededGenerator(seed: 64)
        let numbers = (0..<100_000).map { _ in
            Int64(bitPattern: generator.next()) >> Int64.random(in: 0..<64, using: &generator)
        }
        let text = numbers.map(String.init).joined(separator: ",")
        let request = TestRequest(dataType: .int64, shape: "[\(numbers.count)]", data: "[\(text)]")
        #expect(try request.elements(as: Int64.self) == numbers)
    }
}

extension DataType {
    /// The eight integer types.
    static let integers: [DataType] = [.uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64]
    /// The four real types.
    static let reals: [DataType] = [.fp16, .bf16, .fp32, .fp64]
}
