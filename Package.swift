// swift-tools-version: 6.2
import PackageDescription

/// One list for every target: Swift 6 mode, the upcoming rules that change meaning, and no warning left.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let package = Package(
  name: "pawl",
  products: [.executable(name: "pawl", targets: ["pawl"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    // Tests only.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    // Pure core: no clock, randomness, file or network.
    library("PawlGraph"),
    library("PawlModel", [yams, crypto]),
    library("PawlPlan", ["PawlGraph", "PawlModel"]),
    // Engine, its steps and its store.
    library("PawlEngine", ["PawlPlan", "PawlModel"]),
    library("PawlSteps", ["PawlEngine", "PawlPlan", "PawlModel"]),
    library("PawlStore", ["PawlEngine", "PawlPlan", "PawlModel", grdb]),
    // The world outside, and its simulated twin.
    .systemLibrary(name: "CLibSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    library("PawlSSH", ["CLibSSH2"]),
    library("PawlKube", ["CCurl"]),
    library("PawlSimulation", ["PawlSteps", "PawlModel", "PawlPlan", "PawlEngine"]),
    // The command line.
    library(
      "PawlCLI",
      [
        "PawlSteps", "PawlEngine", "PawlStore", "PawlSSH", "PawlKube", "PawlSimulation", "PawlPlan",
        "PawlModel", "PawlGraph", argumentParser, logging,
      ], resources: [.embedInCode("Runbooks")]),
    .executableTarget(name: "pawl", dependencies: ["PawlCLI"], swiftSettings: settings),
    tests("PawlGraphTests", ["PawlGraph"]),
    tests("PawlModelTests", ["PawlModel"]),
    tests("PawlPlanTests", ["PawlPlan", "PawlModel", "PawlGraph"]),
    tests("PawlEngineTests", ["PawlEngine", "PawlPlan", "PawlModel"]),
    // The contracts of the ports. Each runs against the simulation and against the adapter.
    .target(
      name: "PawlContracts", dependencies: ["PawlSteps", "PawlEngine", "PawlModel"], path: "Tests/Contracts",
      swiftSettings: settings),
    tests(
      "PawlStepsTests",
      [
        "PawlTestSupport", "PawlContracts", "PawlSteps", "PawlEngine", "PawlPlan", "PawlModel",
        "PawlSimulation",
      ]),
    tests(
      "PawlStoreTests", ["PawlStore", "PawlEngine", "PawlPlan", "PawlModel", "PawlTestSupport"],
      exclude: ["Fixtures"]),
    tests("PawlSSHTests", ["PawlContracts", "PawlCLI", "PawlSSH", "PawlSteps", "PawlEngine", "PawlModel"]),
    tests("PawlKubeTests", ["PawlContracts", "PawlCLI", "PawlKube", "PawlSteps", "PawlModel"]),
    .target(
      name: "PawlTestSupport", dependencies: [subprocess, system], path: "Tests/Support",
      swiftSettings: settings),
    .target(
      name: "PawlCrashSupport",
      dependencies: ["PawlSimulation", "PawlSteps", "PawlEngine", "PawlPlan", "PawlModel"],
      path: "Tests/CrashSupport", swiftSettings: settings),
    tests(
      "PawlCrashTests",
      ["PawlCrashSupport", "PawlSimulation", "PawlSteps", "PawlEngine", "PawlPlan", "PawlModel"]),
    // Measures and prints; see scripts/bench.
    .executableTarget(
      name: "pawl-bench",
      dependencies: ["PawlTestSupport", "PawlStore", "PawlEngine", "PawlPlan", "PawlModel"],
      path: "Tests/Bench",
      swiftSettings: settings),
    tests(
      "PawlCLITests",
      [
        "PawlTestSupport", "PawlCLI", "PawlSteps", "PawlSimulation", "PawlEngine", "PawlPlan", "PawlModel",
        "PawlStore", "pawl", logging,
      ],
      exclude: ["Fixtures", "Goldens"]),
    tests("PawlLabTests", ["PawlTestSupport", "PawlContracts", "PawlCLI", "PawlSteps", "PawlModel", "pawl"]),
  ]
)
