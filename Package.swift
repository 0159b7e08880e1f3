// swift-tools-version: 6.2

import PackageDescription

let strictSettings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

// CI turns warnings into errors; a newer compiler's warnings must not break somebody's build.
let warningsAsErrors: [SwiftSetting] =
    Context.environment["APUS_WARNINGS_AS_ERRORS"] == nil
    ? [] : [.treatAllWarnings(as: .error)]

let package = Package(
    name: "apus",
    products: [
        .executable(name: "apus", targets: ["apus"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2.git", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf.git", from: "2.4.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .target(name: "ApusCore"),
        .target(name: "ApusEngine", dependencies: ["ApusCore"]),
        .target(name: "CTurboJPEG"),
        .target(name: "CSPNG"),
        .target(name: "ApusImages", dependencies: ["ApusCore", "CTurboJPEG", "CSPNG"]),
        .target(
            name: "ApusProtos",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Protos", "Generated/made-of.txt"]
        ),
        .target(
            name: "ApusGRPC",
            dependencies: [
                "ApusCore", "ApusListener", "ApusProtocol", "ApusProtos",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .target(name: "CSIMDJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "ApusProtocol", dependencies: ["ApusCore", "CSIMDJSON", "CZlib"]),
        .target(
            name: "ApusStorage",
            dependencies: [
                "ApusCore", "ApusProtocol", "CLinux",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(
            name: "ApusS3",
            dependencies: [
                "ApusCore", "ApusStorage",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .target(
            name: "ApusServer",
            dependencies: [
                "ApusCore", "ApusEngine", "ApusBuiltin", "ApusONNXRuntime", "ApusScheduling", "ApusModels",
                "ApusProtocol", "ApusListener", "ApusHTTP", "ApusGRPC", "ApusS3", "ApusStorage", "ApusTelemetry",
                "CLinux",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .target(
            name: "ApusClient",
            dependencies: [
                "ApusCore",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .executableTarget(
            name: "apus",
            dependencies: [
                "ApusServer", "ApusClient", "ApusCore", "ApusS3", "ApusStorage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "ApusTesting",
            dependencies: ["ApusCore", "ApusEngine", "ApusStorage"]
        ),
        .executableTarget(
            name: "apus-bench-peers",
            dependencies: [
                "ApusCore", "ApusEngine", "ApusONNXRuntime", "ApusProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "ApusCoreTests", dependencies: ["ApusCore"]),
        .testTarget(
            name: "ApusProtocolTests",
            dependencies: [
                "ApusCore", "ApusProtocol", "ApusProtos", "CSIMDJSON",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .testTarget(
            name: "ApusStorageTests",
            dependencies: [
                "ApusStorage", "ApusTesting", "ApusProtocol", "ApusCore",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .testTarget(
            name: "ApusS3Tests",
            dependencies: [
                "ApusS3", "ApusStorage", "ApusTesting", "ApusCore",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ApusTelemetryTests",
            dependencies: ["ApusTelemetry", "ApusCore", .product(name: "Logging", package: "swift-log")]
        ),
        .testTarget(
            name: "ApusListenerTests",
            dependencies: [
                "ApusListener", "ApusCore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
            ]
        ),
        .testTarget(
            name: "ApusHTTPTests",
            dependencies: [
                "ApusHTTP", "ApusImages", "ApusListener", "ApusProtocol", "ApusCore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ApusGRPCTests",
            dependencies: [
                "ApusGRPC", "ApusCore", "ApusListener", "ApusProtos",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCInProcessTransport", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        .testTarget(
            name: "ApusSchedulingTests",
            dependencies: ["ApusScheduling", "ApusTesting", "ApusCore", "ApusEngine"]
        ),
        .testTarget(
            name: "ApusServerTests",
            dependencies: [
                "ApusServer", "ApusTesting", "ApusClient", "ApusBuiltin", "ApusCore", "ApusEngine", "ApusListener",
                "ApusModels", "ApusONNXRuntime", "ApusProtocol", "ApusScheduling", "ApusTelemetry",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(name: "ApusModelsTests", dependencies: ["ApusCore", "ApusModels", "CLinux"]),
        .testTarget(name: "ApusONNXRuntimeTests", dependencies: ["ApusCore", "ApusEngine", "ApusONNXRuntime"]),
        .testTarget(name: "ApusImagesTests", dependencies: ["ApusCore", "ApusImages", "ApusTesting"]),
        .testTarget(name: "ApusBuiltinTests", dependencies: ["ApusCore", "ApusEngine", "ApusBuiltin", "ApusTesting"]),
        .testTarget(
            name: "ApusClientTests",
            dependencies: [
                "ApusClient", "ApusCore",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(
            name: "ApusHTTP",
            dependencies: [
                "ApusCore", "ApusImages", "ApusListener", "ApusProtocol",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .target(name: "CLinux"),
        .target(
            name: "ApusScheduling",
            dependencies: [
                "ApusCore", "ApusEngine", "CLinux", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]
        ),
        .target(
            name: "ApusModels",
            dependencies: [
                "ApusCore", "ApusEngine", "ApusStorage", "CLinux",
                .product(name: "DequeModule", package: "swift-collections"),
            ]
        ),
        .target(name: "CONNXRuntime"),
        .target(name: "ApusONNXRuntime", dependencies: ["ApusCore", "ApusEngine", "CONNXRuntime"]),
        .target(name: "ApusBuiltin", dependencies: ["ApusCore", "ApusEngine"]),
        .target(name: "ApusTelemetry", dependencies: ["ApusCore", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "ApusListener",
            dependencies: [
                "ApusCore",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
    ],
    cxxLanguageStandard: .cxx17
)
let generated: Set = ["ApusProtos"]
for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    guard !target.name.hasPrefix("C"), !generated.contains(target.name) else { continue }
    target.swiftSettings = strictSettings + warningsAsErrors
}
