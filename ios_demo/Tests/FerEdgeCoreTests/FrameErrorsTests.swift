import XCTest

@testable import FerEdgeCore

/// Memory, strides, rotations and boxes that do not fit: each error names the part, the value and the need.
final class FrameErrorsTests: XCTestCase {
    /// NV12 of 6x4: y needs 24; the pairs need 6*1 + 2*2 + 2 = 12 bytes.
    private func nv12(y: Int = 24, pairs: Int = 12, pairStride: Int = 6, rotation: Int = 0) throws -> CameraFrame {
        let frame = CameraFrame()
        try [UInt8](repeating: 0, count: y).withUnsafeBytes { luma in
            try [UInt8](repeating: 0, count: pairs).withUnsafeBytes { chroma in
                try frame.set420f(
                    y: luma, cbcr: chroma, width: 6, height: 4, yRowStride: 6, cbcrRowStride: pairStride,
                    rotation: rotation)
            }
        }
        return frame
    }

    private func i420(yPixelStride: Int = 1, uStride: Int = 3, vStride: Int = 3, vPixelStride: Int = 1) throws {
        try [UInt8](repeating: 0, count: 24).withUnsafeBytes { bytes in
            try CameraFrame().setYUV420(
                y: bytes, u: bytes, v: bytes, width: 6, height: 4, yRowStride: 6, yPixelStride: yPixelStride,
                uRowStride: uStride, uPixelStride: 1, vRowStride: vStride, vPixelStride: vPixelStride, rotation: 0)
        }
    }

    private func rgba(_ count: Int, _ width: Int, _ height: Int, _ rowStride: Int) throws {
        try withRGBA([UInt8](repeating: 0, count: count), width, height, rowStride: rowStride) { _ in }
    }

    func testTheLastRowMayBeShort() throws {
        XCTAssertEqual(try nv12().width, 6)
    }

    func testAShortPlaneIsNamedWithItsLengthAndNeed() {
        let short = fault(FrameError.self) { _ = try nv12(y: 23) }
        XCTAssertEqual(short?.message, "plane y has 23 bytes; its last addressed sample needs 24")
        let pair = fault(FrameError.self) { _ = try nv12(pairs: 11) }
        XCTAssertEqual(pair?.part, .v)
        XCTAssertEqual(fault(FrameError.self) { _ = try nv12(pairs: 10) }?.part, .u)
        XCTAssertEqual(fault(FrameError.self) { _ = try nv12(pairs: 0) }?.part, .u)
        XCTAssertEqual(fault(FrameError.self) { try rgba(15, 2, 2, 8) }?.part, .rgba)
    }

    func testStridesThatCannotBeAreRefused() {
        XCTAssertEqual(fault(FrameError.self) { try i420(yPixelStride: 2) }?.part, .stride)
        XCTAssertEqual(fault(FrameError.self) { try i420(uStride: 2, vStride: 2) }?.part, .stride)
        XCTAssertEqual(fault(FrameError.self) { try i420(vStride: 4) }?.part, .stride)
        XCTAssertEqual(fault(FrameError.self) { try i420(vPixelStride: 2) }?.part, .stride)
        XCTAssertEqual(fault(FrameError.self) { _ = try nv12(pairStride: -6) }?.part, .stride)
        XCTAssertEqual(fault(FrameError.self) { try rgba(99, 2, 2, 7) }?.part, .stride)
    }

    func testNumbersThatWouldOverflowAreRefused() {
        XCTAssertEqual(fault(FrameError.self) { try rgba(99, 1, 65536, 1 << 31) }?.part, .rgba)
        XCTAssertEqual(fault(FrameError.self) { try rgba(99, 1, 2, .max) }?.part, .stride)
        XCTAssertEqual(fault(FrameError.self) { try rgba(99, .max, 1, .max) }?.part, .size)
        XCTAssertEqual(fault(FrameError.self) { try rgba(99, .min, 1, .min) }?.part, .size)
    }

    func testRotationsAndSizesThatCannotBeAreRefused() {
        let turned = fault(FrameError.self) { _ = try nv12(rotation: 45) }
        XCTAssertEqual(turned?.message, "rotation is 45; allowed: 0, 90, 180, 270")
        XCTAssertEqual(fault(FrameError.self) { try rgba(4, 0, 1, 4) }?.part, .size)
        XCTAssertEqual(fault(FrameError.self) { _ = try FrameScaler(width: 0, height: 5) }?.part, .size)
        let empty = fault(FrameError.self) {
            try FrameScaler(width: 4, height: 4).scale(CameraFrame(), box: nil, margin: 0, mirror: false)
        }
        XCTAssertEqual(empty?.part, .size)
    }

    func testAFrameThatRefusedAPictureHoldsNone() throws {
        try withRGBA([UInt8](repeating: 0, count: 16), 2, 2) { frame in
            [UInt8(0)].withUnsafeBytes { one in
                _ = fault(FrameError.self) { try frame.setBGRA(one, width: 2, height: 2, rowStride: 8, rotation: 0) }
            }
            XCTAssertEqual(frame.width, 0)
        }
    }

    func testBoxesAndMarginsThatAreNoneAreRefused() throws {
        let boxes: [(Double, Double, Double, Double)] = [
            (3, 0, 1, 2), (0, 3, 1, 2), (.nan, 0, 1, 1), (0, 0, .infinity, 1), (6, 0, 9, 3), (-4, 0, 0, 3), (2, 2, 2, 2),
            (1e14, 1e14, 2e14, 2e14), (-1e300, 0, 1e300, 1),
        ]
        let scaler = try FrameScaler(width: 2, height: 2)
        try withRGBA([UInt8](repeating: 0, count: 96), 6, 4) { frame in
            for (x0, y0, x1, y1) in boxes {
                let box = FaceBox(x0: x0, y0: y0, x1: x1, y1: y1)
                let found = fault(FrameError.self) { try scaler.scale(frame, box: box, margin: 0, mirror: false) }
                XCTAssertEqual(found?.part, .box)
                XCTAssertEqual(found?.message.hasPrefix("box "), true)
            }
            for margin in [-0.1, .nan, .infinity] {
                let box = FaceBox(x0: 0, y0: 0, x1: 2, y1: 2)
                let found = fault(FrameError.self) { try scaler.scale(frame, box: box, margin: margin, mirror: false) }
                XCTAssertEqual(found?.part, .box)
            }
            try scaler.scale(frame, box: FaceBox(x0: 0, y0: 0, x1: 2, y1: 2), margin: 1e300, mirror: false)
        }
    }
}
