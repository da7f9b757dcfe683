import CoreGraphics
import CoreML
import Flutter
import TestBundles
import UIKit
import Vision
import XCTest

@testable import FerEdgeCore
@testable import FerEdgeCoreML

/// Decoded pictures, and what docs/cross-platform.md shows, against stand-ins.
final class GlueTests: XCTestCase {
    private final class Messenger: FlutterBinaryMessenger {}

    /// 20x16 pixels, B, G, R, A.
    private let bytes: [UInt8] = (0..<4 * 20 * 16).map { UInt8(truncatingIfNeeded: 29 &* $0 &+ 7 &* ($0 >> 5)) }

    func testADecodedPictureIsReadAsTheCamerasAre() throws {
        let image = CGImage(width: 20, height: 16, bgra: bytes)
        for rotation in [0, 90, 180, 270] {
            let frame = CameraFrame()
            var found: [UInt8] = []
            try frame.withPixels(of: image, rotation: rotation) {
                found = try UprightConverter.rgb(frame, mirror: false)
            }
            XCTAssertEqual(frame.width, 0)
            let wanted = try bytes.withUnsafeBytes { bytes -> [UInt8] in
                try frame.setBGRA(bytes, width: 20, height: 16, rowStride: 80, rotation: rotation)
                return try UprightConverter.rgb(frame, mirror: false)
            }
            XCTAssertEqual(found, wanted)
        }
    }

    /// Every answer of the channel is one of: a map, nothing, an error with a sentence, not implemented.
    func testFluttersChannelAnswersWhateverComes() async {
        answerFlutter(on: Messenger())
        let missing = await asked("analyze", "/nowhere.jpg")
        XCTAssertNotNil((missing as? FlutterError)?.message)
        let other = await asked("classify", "/nowhere.jpg")
        XCTAssertTrue(other as? NSObject === FlutterMethodNotImplemented)
        let odd = await asked("analyze", 7)
        XCTAssertTrue(odd as? NSObject === FlutterMethodNotImplemented)
    }

    private func asked(_ method: String, _ arguments: Any?) async -> Any? {
        await withCheckedContinuation { done in
            FlutterMethodChannel.handler?(FlutterMethodCall(method: method, arguments: arguments)) { done.resume(returning: $0) }
        }
    }
}
