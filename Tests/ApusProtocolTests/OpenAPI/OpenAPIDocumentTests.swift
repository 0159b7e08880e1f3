import ApusCore
import Testing

@testable import ApusProtocol

/// What the formats' own validators say is in Tests/EndToEnd/test_openapi.py.
struct OpenAPIDocumentTests {
    private static let model = ModelDescription(
        id: ModelID(name: ModelName("m.1")!, version: .first),
        platform: "test",
        inputs: [
            TensorSpecification(name: "a\"</b>", dataType: .int8, shape: [-1, 2]),
            TensorSpecification(name: "t", dataType: .bytes, shape: [-1], isOptional: true),
        ],
        outputs: [TensorSpecification(name: "y", dataType: .fp32, shape: [-1])]
    )

    private static let server = OpenAPIDocument.Server(name: "a<b>", version: "1", operations: Operation.allCases)

    private func members(_ value: StrictJSON?, _ path: String...) -> [String] {
        var value = value
        for name in path {
            guard case .object(let members)? = value else { return [] }
            value = members.first { $0.key == Array(name.utf8) }?.value
        }
        guard case .object(let members)? = value else { return [] }
        return members.map { String(decoding: $0.key, as: UTF8.self) }
    }

    @Test(arguments: OpenAPIFormat.allCases)
    func `every route of every operation is there`(format: OpenAPIFormat) throws {
        let document = OpenAPIDocument(
            server: OpenAPIDocumentTests.server,
            models: [OpenAPIDocumentTests.model],
            format: format
        )
        let json = try #require(StrictJSON.parse(document.bytes))
        for operation in Operation.allCases {
            #expect(!operation.documentation.summary.isEmpty)
            for route in operation.routes {
                let verbs = members(json, "paths", route.pattern)
                #expect(verbs.contains(route.verb.rawValue.lowercased()), "\(route.verb.rawValue) \(route.pattern)")
            }
        }
        #expect(members(json, "paths").contains("/predict/m.1"))
        let schemas = format == .swagger2 ? members(json, "definitions") : members(json, "components", "schemas")
        #expect(schemas.contains("m.1.Inputs"))
    }

    @Test func `a port's description has what the port offers`() throws {
        let server = OpenAPIDocument.Server(name: "s", version: "1", operations: [.serverLive])
        let json = StrictJSON.parse(
            OpenAPIDocument(server: server, models: [OpenAPIDocumentTests.model], format: .openapi31).bytes
        )
        #expect(members(json, "paths").sorted() == ["/", "/v2/health/live"])
    }

    @Test func `a model's description has its paths`() throws {
        let document = OpenAPIDocument(
            server: OpenAPIDocumentTests.server,
            model: OpenAPIDocumentTests.model,
            format: .openapi31
        )
        let json = try #require(StrictJSON.parse(document.bytes))
        #expect(
            Set(members(json, "paths"))
                == ["/predict/m.1", "/v2/models/m.1/infer", "/v2/models/m.1", "/v2/models/m.1/ready"]
        )
        let text = String(decoding: document.bytes, as: UTF8.self)
        #expect(text.contains(#""minimum":-128,"maximum":127"#))
        #expect(text.contains(#""required":["a\"</b>"]"#))
    }

    @Test func `examples have the smallest shape, and what rules want`() throws {
        let input = TensorSpecification(name: "x", dataType: .uint8, shape: [-1, -1])
        let plain = ModelDescription(id: OpenAPIDocumentTests.model.id, platform: "", inputs: [input], outputs: [])
        #expect(PlainExample(plain).shortText == #"{"x": [[0]]}"#)
        let ruled = ModelDescription(
            id: OpenAPIDocumentTests.model.id,
            platform: "",
            inputs: [input],
            outputs: [],
            examples: ["x": InputExample(element: "7", channels: 3)]
        )
        #expect(PlainExample(ruled).shortText == #"{"x": [[7, 7, 7]]}"#)
        let huge = TensorSpecification(name: "x", dataType: .fp32, shape: [1 << 20, 1 << 20])
        let large = ModelDescription(id: OpenAPIDocumentTests.model.id, platform: "", inputs: [huge], outputs: [])
        #expect(PlainExample(large).shortText == #"{"x": [[0.5, …]]}"#)
        let document = OpenAPIDocument(server: OpenAPIDocumentTests.server, model: large, format: .openapi31)
        #expect(!String(decoding: document.bytes, as: UTF8.self).contains(#""example""#))
    }

    @Test func `names can't break out of the page`() {
        let page = OpenAPIPage(server: OpenAPIDocumentTests.server, models: [OpenAPIDocumentTests.model])
        let html = String(decoding: page.bytes, as: UTF8.self)
        #expect(html.contains("a&lt;b&gt;"))
        #expect(html.contains("a&quot;&lt;/b&gt;"))
        #expect(!html.contains("</b>"))
        #expect(!html.contains("<script"))
    }
}
