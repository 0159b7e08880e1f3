/// The editions of the format that gateways read.
package enum OpenAPIFormat: String, Sendable, CaseIterable {
    /// OpenAPI 3.1, whose schemas are JSON Schema; given unless another is asked for.
    case openapi31 = "openapi3.1"
    /// OpenAPI 3.0.
    case openapi30 = "openapi3.0"
    /// Swagger 2.0, for older gateways: it has one body for each operation, and no alternatives in schemas.
    case swagger2 = "swagger2"

    /// Where schemas that are used more than once stand.
    var schemas: String { self == .swagger2 ? "#/definitions/" : "#/components/schemas/" }
}
