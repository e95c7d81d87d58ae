// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: language mode 6 (from the tools version), strict memory safety, warnings are errors.
let swiftSettings: [SwiftSetting] = [
  .define("_GNU_SOURCE"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let cSettings: [CSetting] = [
  .define("_GNU_SOURCE"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "crtop",
  products: [
    .executable(name: "crtop", targets: ["crtop"]),
    .library(name: "CheckpointRestart", targets: ["CheckpointRestart"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .executableTarget(
      name: "crtop",
      dependencies: [
        "TerminalUI", "CheckpointRestart", "CheckpointImage", "ImageSchema", "ProcessTree", "SystemCalls",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "TerminalUI",
      dependencies: ["CNcurses", "CheckpointRestart", "CheckpointImage", "ImageSchema", "ProcessTree", "SystemCalls"],
      swiftSettings: swiftSettings),
    .target(
      name: "CheckpointRestart",
      dependencies: ["CheckpointImage", "ImageSchema", "ProcessTree", "Tracing", "SystemCalls", "CLinux"],
      swiftSettings: swiftSettings),
    .target(
      name: "CheckpointImage",
      dependencies: [
        "ImageSchema", "SystemCalls", "CZstd", "CLZ4", "CXXHash",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: swiftSettings),
    // Generated from Resources/image.proto; its code does not know strict memory safety.
    .target(name: "ImageSchema", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    .target(name: "ProcessTree", dependencies: ["SystemCalls"], swiftSettings: swiftSettings),
    .target(name: "Tracing", dependencies: ["SystemCalls", "CLinux"], swiftSettings: swiftSettings),
    .target(
      name: "SystemCalls",
      dependencies: ["CLinux", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: swiftSettings),
    .target(name: "CLinux", cSettings: cSettings),
    .systemLibrary(name: "CNcurses"),
    .systemLibrary(name: "CZstd"),
    .systemLibrary(name: "CLZ4"),
    .systemLibrary(name: "CXXHash"),

    // One program for all kinds of state: `workloads NAME` sets one up, says it is ready, checks itself.
    .executableTarget(
      name: "workloads", path: "Tests/Workloads", cSettings: cSettings,
      linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("m")]),
    // The demonstration job of Resources/run-demo.
    .executableTarget(
      name: "crtop-demo", path: "Resources/demo", cSettings: cSettings, linkerSettings: [.linkedLibrary("pthread")]),
    // What black-box tests and benchmarks need to start programs, wait for them, and look at tasks.
    .target(
      name: "TestSupport", dependencies: ["SystemCalls", "CLinux", "CTestSupport"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .target(name: "CTestSupport", path: "Tests/CTestSupport", cSettings: cSettings),
    .executableTarget(
      name: "benchmarks", dependencies: ["SystemCalls", "TestSupport", "crtop", "workloads"], path: "Tests/Benchmarks",
      swiftSettings: swiftSettings),
    .testTarget(name: "SystemCallsTests", dependencies: ["SystemCalls"], swiftSettings: swiftSettings),
    .testTarget(name: "ProcessTreeTests", dependencies: ["ProcessTree"], swiftSettings: swiftSettings),
    .testTarget(name: "CheckpointImageTests", dependencies: ["CheckpointImage"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TracingTests", dependencies: ["Tracing", "SystemCalls", "workloads"], swiftSettings: swiftSettings),
    .testTarget(name: "TerminalUITests", dependencies: ["TerminalUI"], swiftSettings: swiftSettings),
    .testTarget(
      name: "CommandLineTests", dependencies: ["SystemCalls", "CLinux", "TestSupport", "crtop", "workloads"],
      swiftSettings: swiftSettings),
  ]
)
