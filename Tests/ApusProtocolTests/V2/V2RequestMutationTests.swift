import ApusCore
import ApusProtocol
import Testing

/// Valid requests damaged at every byte: the decoder must say of each what an independent strict reader says.
struct V2RequestMutationTests {
    /// Requests that between them have every member, type and spelling.
    private static let requests = [
        #"{"id":"a","inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1.5,-2e1]}]}"#,
        #"{"inputs":[{"data":[NaN,-Infinity],"name":"x","datatype":"FP64","shape":[2]}],"z":[{"k":null},true]}"#,
        #"{"inputs":[{"name":"i","shape":[2,2],"datatype":"INT8","data":[[1,-128],[3.0,1e2]]}],"outputs":[]}"#,
        #"{"inputs":[{"name":"s","shape":[3],"datatype":"BYTES","data":["a\n",["\u00e9\ud83d\ude00"],"é"]}]}"#,
        #"{"inputs":[{"name":"b","shape":[],"datatype":"BOOL","data":[true],"parameters":{"k":[1.0e-2]}}]}"#,
        #"{"inputs":[{"name":"u","shape":[1],"datatype":"UINT64","data":[18446744073709551615]}]}"#,
        #"{"parameters":{"priority":1,"timeout":20,"binary_data_output":false,"k":-3,"l":"v","m":1.5}}"#,
        #"{"outputs":[{"name":"y","parameters":{"binary_data":true,"o":{}}},{"name":"z","more":""}]}"#,
        #"{ "inputs" : [ { "name":"h","shape":[ 1,2 ],"datatype":"FP16","data":[ 65504 , Infinity ] } ] } "#,
        #"{"inputs":[{"name":"g","datatype":"BF16","data":[[],[[0.1]],[]],"shape":[1]}]}"#,
    ]

    /// Compares decoder and oracle over one body; says what differs.
    private func disagreement(_ json: [UInt8], padding: UInt8, decoder: V2RequestDecoder) -> String? {
        var request = TestRequest(bytes: json)
        request.padding = padding
        let decoded = try? request.decode(with: decoder)
        let said = decoded.map { decoded in
            V2Oracle.Request(
                id: Array(decoded.id.utf8),
                inputs: decoded.inputs.map { input in
                    V2Oracle.Input(
                        name: Array(input.name.utf8),
                        dataType: input.tensor.dataType,
                        dimensions: input.tensor.shape.dimensions,
                        bytes: input.tensor.byteArray
                    )
                },
                outputs: decoded.outputs.map { Array($0.name.utf8) }
            )
        }
        let wanted = V2Oracle.request(json)
        guard said != wanted else { return nil }
        return "\(String(decoding: json, as: UTF8.self)): decoded \(said as Any), expected \(wanted as Any)"
    }

    private func expectAgreement(on bodies: some Sequence<[UInt8]>) throws {
        let decoder = try #require(V2RequestDecoder(limits: InputLimits()))
        let paddings = " }]0\",e".utf8
        var disagreements: [String] = []
        for (number, body) in bodies.enumerated() {
            let padding = paddings[paddings.index(paddings.startIndex, offsetBy: number % paddings.count)]
            if let words = disagreement(body, padding: padding, decoder: decoder) { disagreements.append(words) }
        }
        #expect(disagreements.isEmpty, "\(disagreements.count) of them, first: \(disagreements.prefix(5))")
    }

    @Test(arguments: requests)
    func `undamaged, each request is taken and means what the oracle says`(text: String) throws {
        let json = Array(text.utf8)
        #expect(V2Oracle.request(json) != nil)
        try expectAgreement(on: Array(repeating: json, count: 7))
    }

    @Test(arguments: requests)
    func `with any byte left out, decoder and oracle agree`(text: String) throws {
        let json = Array(text.utf8)
        try expectAgreement(
            on: json.indices.map { index in
                Array(json[..<index] + json[(index + 1)...])
            }
        )
    }

    @Test(arguments: requests)
    func `cut off after any byte, the request is refused`(text: String) throws {
        let json = Array(text.utf8)
        let lastBrace = try #require(json.lastIndex(of: UInt8(ascii: "}")))
        for count in 0...lastBrace {
            for padding in " }]0\",".utf8 {
                var request = TestRequest(bytes: Array(json[..<count]))
                request.padding = padding
                let refusal = try #require(request.refusal(), "\(count) bytes, padded with \(padding)")
                #expect(refusal.code == .invalidArgument)
            }
        }
    }

    @Test(arguments: requests)
    func `with any byte replaced by any other, decoder and oracle agree`(text: String) throws {
        let json = Array(text.utf8)
        try expectAgreement(
            on: json.indices.lazy.flatMap { index in
                (UInt8.min...UInt8.max).lazy.map { byte in
                    var damaged = json
                    damaged[index] = byte
                    return damaged
                }
            }
        )
    }

    @Test(arguments: requests)
    func `with a structural byte put in anywhere, decoder and oracle agree`(text: String) throws {
        let json = Array(text.utf8)
        try expectAgreement(
            on: json.indices.lazy.flatMap { index in
                "{}[]:,\"\\0-.e tN\n".utf8.lazy.map { byte in
                    Array(json[..<index] + [byte] + json[index...])
                }
            }
        )
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `with parts of requests moved about at random, decoder and oracle agree`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let texts = V2RequestMutationTests.requests.map { Array($0.utf8) }
        let bodies = (0..<3_000).map { _ in
            var body = texts.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let donor = texts.randomElement(using: &generator) ?? []
                let start = Int.random(in: 0..<donor.count, using: &generator)
                let part = donor[start..<min(donor.count, start + Int.random(in: 1...12, using: &generator))]
                let at = Int.random(in: 0..<body.count, using: &generator)
                let end = min(body.count, at + Int.random(in: 0...12, using: &generator))
                body.replaceSubrange(at..<end, with: part)
            }
            return body
        }
        try expectAgreement(on: bodies)
    }
}
