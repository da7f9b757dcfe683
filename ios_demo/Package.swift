// swift-tools-version: 5.9
import PackageDescription

let package = Package(
    name: "fer-edge",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "FerEdgeCore", targets: ["FerEdgeCore"]),
        .library(name: "FerEdgeCoreML", targets: ["FerEdgeCoreML"]),
        .library(name: "FerEdgeCamera", targets: ["FerEdgeCamera"]),
    ],
    targets: [
        .target(name: "FerEdgeCore"),
        .target(name: "FerEdgeCoreML", dependencies: ["FerEdgeCore"]),
        .target(name: "FerEdgeCamera", dependencies: ["FerEdgeCoreML"]),
        // No part of the products: what this project's tests and figures run.
        .executableTarget(name: "fer-edge-checks", dependencies: ["FerEdgeCore"], path: "Checks"),
        .executableTarget(name: "fer-edge-benchmark", dependencies: ["FerEdgeCore", "CAllocations"], path: "Benchmark"),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .target(name: "TestBundles", dependencies: ["FerEdgeCore"], path: "Tests/TestBundles"),
        .testTarget(name: "FerEdgeCoreTests", dependencies: ["FerEdgeCore", "CAllocations", "TestBundles"]),
    ]
)

// Where there are no frameworks of Apple, stand-ins of them let the other two libraries be compiled and tested.
if Context.environment["FER_EDGE_STAND_INS"] != nil {
    let standIns: KeyValuePairs<String, [Target.Dependency]> = [
        "CoreVideo": [], "ImageIO": [], "Combine": [], "CoreGraphics": [], "Flutter": [], "UIKit": ["CoreGraphics"],
        "CoreML": ["CoreVideo"], "CoreMedia": ["CoreVideo"], "Vision": ["CoreGraphics", "CoreVideo", "ImageIO"],
        "AVFoundation": ["CoreMedia", "UIKit"], "SwiftUI": ["Combine", "UIKit"],
    ]
    for (name, dependencies) in standIns {
        package.targets.append(.target(name: name, dependencies: dependencies, path: "Tests/AppleStandIns/\(name)"))
    }
    for target in package.targets where target.name == "FerEdgeCoreML" {
        target.dependencies += ["CoreML", "Vision"]
    }
    for target in package.targets where target.name == "FerEdgeCamera" {
        target.dependencies += ["AVFoundation", "SwiftUI"]
    }
    package.targets.append(
        .testTarget(name: "FerEdgeCoreMLTests", dependencies: ["FerEdgeCoreML", "FerEdgeCamera", "Flutter", "TestBundles"]))
}
