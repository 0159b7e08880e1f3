internal import ApusProtos
internal import FoundationEssentials
internal import GRPCCore
internal import SwiftProtobuf

/// gRPC's server reflection, in both of its versions, which differ in their package only.
struct ReflectionMethods: Sendable {
    /// The services that the server has: a description of one that it hasn't would mislead.
    let services: Set<String>

    /// The services that these methods are of.
    static let names = [
        Grpc_Reflection_V1_ServerReflection.descriptor.fullyQualifiedService,
        Grpc_Reflection_V1alpha_ServerReflection.descriptor.fullyQualifiedService,
    ]

    /// Registers both.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        router.stream(Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor) {
            (
                requests: RPCAsyncSequence<Grpc_Reflection_V1_ServerReflectionRequest, any Error>,
                writer: RPCWriter<Grpc_Reflection_V1_ServerReflectionResponse>,
                _
            ) in
            for try await request in requests { try await writer.write(answer(request)) }
        }
        router.stream(Grpc_Reflection_V1alpha_ServerReflection.Method.ServerReflectionInfo.descriptor) {
            (
                requests: RPCAsyncSequence<Grpc_Reflection_V1alpha_ServerReflectionRequest, any Error>,
                writer: RPCWriter<Grpc_Reflection_V1alpha_ServerReflectionResponse>,
                _
            ) in
            for try await request in requests {
                // The same fields under the same numbers: one is the other's bytes.
                let asked = try Grpc_Reflection_V1_ServerReflectionRequest(
                    serializedBytes: request.serializedBytes() as [UInt8]
                )
                let answered: [UInt8] = try answer(asked).serializedBytes()
                try await writer.write(Grpc_Reflection_V1alpha_ServerReflectionResponse(serializedBytes: answered))
            }
        }
    }

    /// The answer to one question.
    func answer(
        _ request: Grpc_Reflection_V1_ServerReflectionRequest
    ) -> Grpc_Reflection_V1_ServerReflectionResponse {
        var response = Grpc_Reflection_V1_ServerReflectionResponse()
        response.validHost = request.host
        response.originalRequest = request
        let index = DescriptorIndex.all
        switch request.messageRequest {
        case .fileByFilename(let name):
            fill(&response, with: index.files(from: name), missing: "file not found: \(name)")
        case .fileContainingSymbol(let symbol):
            let files = index.file(declaring: symbol).flatMap { index.files(from: $0) }
            fill(&response, with: files, missing: "symbol not found: \(symbol)")
        case .fileContainingExtension(let wanted):
            fill(&response, with: nil, missing: "extension not found: \(wanted.containingType)")
        case .allExtensionNumbersOfType(let type):
            if index.file(declaring: type) == nil {
                fill(&response, with: nil, missing: "type not found: \(type)")
            } else {
                response.allExtensionNumbersResponse.baseTypeName = type
            }
        case .listServices:
            response.listServicesResponse.service = index.services.filter { services.contains($0) }
                .map { name in .with { $0.name = name } }
        case nil:
            response.errorResponse.errorCode = Int32(RPCError.Code.invalidArgument.rawValue)
            response.errorResponse.errorMessage = "the request asks for nothing"
        }
        return response
    }

    private func fill(
        _ response: inout Grpc_Reflection_V1_ServerReflectionResponse,
        with files: [[UInt8]]?,
        missing: String
    ) {
        if let files {
            response.fileDescriptorResponse.fileDescriptorProto = files.map { Data($0) }
        } else {
            response.errorResponse.errorCode = Int32(RPCError.Code.notFound.rawValue)
            response.errorResponse.errorMessage = missing
        }
    }
}
