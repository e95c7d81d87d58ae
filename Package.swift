// swift-tools-version: 6.2
import PackageDescription

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
        "TerminalUI", "CheckpointRestart", "CheckpointImage", "ImageSchema", "ProcessTree", "SystemCalls", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(
      name: "TerminalUI",
      dependencies: [
        "CNcurses", "CheckpointRestart", "CheckpointImage", "ImageSchema", "ProcessTree", "SystemCalls", "CLinux",
      ]),
    .target(
      name: "CheckpointRestart",
      dependencies: ["CheckpointImage", "ImageSchema", "ProcessTree", "Tracing", "SystemCalls", "CLinux"]),
    .target(
      name: "CheckpointImage",
      dependencies: [
        "ImageSchema", "SystemCalls", "CLinux", "CZstd", "CLZ4", "CXXHash",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    // Generated from Resources/image.proto; its code does not know strict memory safety.
    .target(name: "ImageSchema", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")]),
    .target(name: "ProcessTree", dependencies: ["SystemCalls", "CLinux"]),
    .target(name: "Tracing", dependencies: ["SystemCalls", "CLinux"]),
    .target(
      name: "SystemCalls", dependencies: ["CLinux", .product(name: "SystemPackage", package: "swift-system")]),
    .target(name: "CLinux"),
    .systemLibrary(name: "CNcurses"),
    .systemLibrary(name: "CZstd"),
    .systemLibrary(name: "CLZ4"),
    .systemLibrary(name: "CXXHash"),

    // One program for all kinds of state: `workloads NAME` sets one up, says it is ready, checks itself.
    .executableTarget(
      name: "workloads", path: "Tests/Workloads",
      linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("m")]),
    // The demonstration job of Resources/run-demo.
    .executableTarget(
      name: "crtop-demo", path: "Resources/demo", linkerSettings: [.linkedLibrary("pthread")]),
    // What black-box tests and benchmarks need to start programs, wait for them, and look at tasks.
    .target(
      name: "TestSupport", dependencies: ["ProcessTree", "SystemCalls", "CLinux", "CTestSupport"],
      path: "Tests/TestSupport"),
    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .executableTarget(
      name: "benchmarks",
      dependencies: ["TerminalUI", "SystemCalls", "CLinux", "TestSupport", "crtop", "workloads"],
      path: "Tests/Benchmarks"),
    .testTarget(name: "SystemCallsTests", dependencies: ["SystemCalls", "CLinux"]),
    .testTarget(name: "ProcessTreeTests", dependencies: ["ProcessTree", "SystemCalls", "CLinux", "TestSupport"]),
    .testTarget(
      name: "CheckpointImageTests",
      dependencies: ["CheckpointImage", "ImageSchema", "SystemCalls", "CLinux", "TestSupport"]),
    .testTarget(
      name: "CheckpointRestartTests", dependencies: ["CheckpointRestart", "ImageSchema", "SystemCalls", "CLinux"]),
    .testTarget(name: "TracingTests", dependencies: ["Tracing", "SystemCalls", "CLinux", "workloads"]),
    .testTarget(
      name: "TerminalUITests",
      dependencies: [
        "TerminalUI", "CheckpointImage", "CheckpointRestart", "ProcessTree", "SystemCalls", "CLinux", "TestSupport",
        "crtop", "workloads",
      ]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "CheckpointImage", "ImageSchema", "SystemCalls", "CLinux", "TestSupport", "crtop", "workloads",
      ]),
  ]
)

/// Ours: strict memory safety, and warnings are errors. Swift targets read C headers with the C settings.
for target in package.targets where [.regular, .executable, .test].contains(target.type) {
  target.cSettings = [.define("_GNU_SOURCE"), .treatAllWarnings(as: .error)]
  if target.name == "ImageSchema" { continue }
  target.swiftSettings = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
}
