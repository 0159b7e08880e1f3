// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that only what is fuzzed is built with the fuzzer's instrumentation. `scripts/fuzz` lays the
// sources beside it; it carries the name of the main package because `package` declarations are used.
let settings: [SwiftSetting] = [
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let fuzzed: [Target.Dependency] = ["ApusCore", "ApusProtocol"]
let asLibrary: [SwiftSetting] = [.unsafeFlags(["-parse-as-library"])]

let package = Package(
    name: "apus",
    targets: [
        .target(name: "ApusCore", swiftSettings: settings),
        .target(name: "CSIMDJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "ApusProtocol", dependencies: ["ApusCore", "CSIMDJSON", "CZlib"], swiftSettings: settings),
        .target(name: "CTurboJPEG"),
        .target(name: "CSPNG"),
        .target(name: "ApusImages", dependencies: ["ApusCore", "CTurboJPEG", "CSPNG"], swiftSettings: settings),
        .executableTarget(name: "json", dependencies: fuzzed, swiftSettings: asLibrary),
        .executableTarget(name: "binary", dependencies: fuzzed, swiftSettings: asLibrary),
        .executableTarget(name: "tensorflow", dependencies: fuzzed, swiftSettings: asLibrary),
        .executableTarget(name: "message", dependencies: fuzzed, swiftSettings: asLibrary),
        .executableTarget(name: "image", dependencies: ["ApusCore", "ApusImages"], swiftSettings: asLibrary),
        .executableTarget(name: "pbtxt", dependencies: fuzzed, swiftSettings: asLibrary),
    ],
    cxxLanguageStandard: .cxx17
)
