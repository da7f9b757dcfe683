import Foundation
import XCTest

@testable import FerEdgeCore

/// The repository's root: this file lies three folders below it.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..").standardizedFileURL

func jsonFiles(in folder: URL) throws -> [URL] {
    let found = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return found.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
}

/// The project's, and those of the folder in FER_EDGE_GOLDEN.
func goldenCases() throws -> [GoldenCase] {
    var folders = [root.appendingPathComponent("tests/golden/camera")]
    if let more = ProcessInfo.processInfo.environment["FER_EDGE_GOLDEN"] { folders.append(URL(fileURLWithPath: more)) }
    return try folders.flatMap(jsonFiles).map { try GoldenCase.parse(Data(contentsOf: $0)) }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var found = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        found = (found ^ found >> 27) &* 0x94D0_49BB_1331_11EB
        return found ^ found >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// Runs `body` with a frame of this picture.
func withRGBA<Result>(
    _ bytes: [UInt8], _ width: Int, _ height: Int, rowStride: Int? = nil, rotation: Int = 0,
    _ body: (CameraFrame) throws -> Result
) throws -> Result {
    try bytes.withUnsafeBytes { bytes in
        let frame = CameraFrame()
        try frame.setRGBA(bytes, width: width, height: height, rowStride: rowStride ?? 4 * width, rotation: rotation)
        return try body(frame)
    }
}

/// The error of this kind that a block throws.
func fault<Fault: Error>(
    _ type: Fault.Type = Fault.self, file: StaticString = #filePath, line: UInt = #line, _ body: () throws -> Void
) -> Fault? {
    do {
        try body()
        XCTFail("nothing was thrown", file: file, line: line)
    } catch let error as Fault {
        return error
    } catch {
        XCTFail("another error: \(error)", file: file, line: line)
    }
    return nil
}

/// Contracts as text, with one part exchanged.
enum ContractTexts {
    static let quantization =
        #"{"input":{"scale":0.0078125,"zero_point":-1},"output":{"scale":0.00390625,"zero_point":-128}}"#

    static func body(
        labels: String = #"["neutral","happiness"]"#, input: String = input(),
        camera: String = #"{"spec":1,"crop_margin":0.1,"mirror":false}"#,
        normalization: String = #"{"mean":[0.5],"std":[0.5]}"#,
        quantization: String = #"{"input":null,"output":null}"#,
        output: String = #"{"name":"probabilities","kind":"probabilities"}"#
    ) -> String {
        #"{"schema":"fer-edge-contract/1","model":"tiny","labels":\#(labels),"input":\#(input),"camera":\#(camera),"#
            + #""normalization":\#(normalization),"quantization":\#(quantization),"output":\#(output)}"#
    }

    static func input(
        kind: String = "tensor", width: String = "64", channels: Int = 1, layout: String = "NHWC", type: String = "float32"
    ) -> String {
        #"{"name":"image","interface":"\#(kind)","width":\#(width),"height":64,"channels":\#(channels),"#
            + #""layout":"\#(layout)","dtype":"\#(type)"}"#
    }

    /// SHA-256 of the bytes before `,"sha256":"`, plus `}`; put last.
    static func seal(_ body: String) -> String {
        body.dropLast() + #","sha256":"\#(SHA256.hash(Data(body.utf8)))"}"#
    }

    static let gray = seal(body())
    static let color = seal(
        body(
            input: input(channels: 3, layout: "NCHW"), normalization: #"{"mean":[0.5,0.4,0.3],"std":[0.2,0.3,0.4]}"#))
    static let quantized = seal(body(input: input(type: "int8"), quantization: quantization))
}
