import XCTest

@testable import FerEdgeCore

/// The camera path by hand, and what it does beyond the golden vectors.
final class CameraTests: XCTestCase {
    // y1 = ((Y*257*16320) >> 16) + 32; for Y = 81: 81*257*16320 = 339733440, >> 16 = 5183, + 32 = 5215.
    // R = (5215 + 90*112) >> 6 = 15295 >> 6 = 238, G = (5215 + 22*38 - 46*112) >> 6 = 899 >> 6 = 14,
    // B = (5215 - 113*38) >> 6 = 921 >> 6 = 14. The others are the specification's check values; (0,0,0) shows the clamp
    // and the arithmetic shift: R = (32 - 11520) >> 6 is negative, G = (32 + 2816 + 5888) >> 6 = 8736 >> 6 = 136.
    func testAPixelIsConvertedAsLibyuvDoes() throws {
        let pixels: [([UInt8], [UInt8])] = [
            ([16, 128, 128], [16, 16, 16]), ([81, 90, 240], [238, 14, 14]), ([145, 54, 34], [13, 238, 14]),
            ([41, 240, 110], [16, 15, 239]), ([0, 0, 0], [0, 136, 0]), ([255, 255, 255], [255, 120, 255]),
        ]
        for (yuv, rgb) in pixels {
            let frame = CameraFrame()
            try [yuv[0]].withUnsafeBytes { y in
                try Array(yuv[1...]).withUnsafeBytes { cbcr in
                    try frame.set420f(
                        y: y, cbcr: cbcr, width: 1, height: 1, yRowStride: 1, cbcrRowStride: 2, rotation: 0)
                    XCTAssertEqual(try UprightConverter.rgb(frame, mirror: false), rgb)
                }
            }
        }
    }

    /// Four pixels 1 2 / 3 4, turned clockwise by 90: 3 1 / 4 2; mirrored after that: 1 3 / 2 4.
    func testRotationIsClockwiseAndTheMirrorFollowsIt() throws {
        let rgba: [UInt8] = [1, 1, 1, 9, 2, 2, 2, 9, 3, 3, 3, 9, 4, 4, 4, 9]
        func turned(_ rotation: Int, _ mirror: Bool) throws -> [UInt8] {
            try withRGBA(rgba, 2, 2, rotation: rotation) { frame in
                let rgb = try UprightConverter.rgb(frame, mirror: mirror)
                return (0..<4).map { rgb[3 * $0] }
            }
        }
        XCTAssertEqual(try turned(90, false), [3, 1, 4, 2])
        XCTAssertEqual(try turned(180, false), [4, 3, 2, 1])
        XCTAssertEqual(try turned(270, false), [2, 4, 1, 3])
        XCTAssertEqual(try turned(90, true), [1, 3, 2, 4])
    }

    /// 37 -> 48: inv = 37/48 = 0.7708333; centers (y+0.5)*inv - 0.5 = -0.1146, 0.6563, 1.4271, 2.1979 ... The first one
    /// floors to -1 with the rest 0.8854 = 14.17 sixteenths: neighbors -1 and 0, both clamped to 0.
    func testTheAxisOfTheSpecification() {
        let axis = ScalerAxis(target: 48, isChunked: true)
        axis.set(source: 37, offset: 0, length: 37, isReversed: false)
        let found = (0..<6).map { [axis.low[$0], axis.high[$0], axis.weight[$0]] }
        XCTAssertEqual(found, [[0, 0, 14], [0, 1, 10], [1, 2, 6], [2, 3, 3], [2, 3, 15], [3, 4, 11]])
    }

    /// Gray of (10, 20, 30): (195950 + 769400 + 224130 + 32768) >> 16 = 1222248 >> 16 = 18; then in float32
    /// 18/255 = 0.070588239, minus 0.5 = -0.42941177, by 0.5 = -0.85882354. As int8 with scale 1/128 and zero point -1:
    /// -0.85882354 * 128 = -109.93, rounded -110, minus 1 = -111.
    func testGrayIsNormalizedByTable() throws {
        let pixels = [[UInt8]](repeating: [10, 20, 30, 255], count: 64 * 64).flatMap { $0 }
        try withRGBA(pixels, 64, 64) { frame in
            let path = CameraPath(try Contract.parse(ContractTexts.gray))
            let tensor = try path.prepare(frame)
            XCTAssertEqual(tensor.count, 4 * 64 * 64)
            XCTAssertEqual(tensor.load(fromByteOffset: 4 * 77, as: Float.self), -0.85882354)
            let quantized = CameraPath(try Contract.parse(ContractTexts.quantized))
            XCTAssertEqual(try quantized.prepare(frame).load(fromByteOffset: 77, as: Int8.self), -111)
        }
    }

    /// A path that has seen other frames answers as a fresh one: nothing old shines through.
    func testReusedBuffersHoldNothingOfEarlierFrames() throws {
        let contract = try Contract.parse(ContractTexts.color)
        let used = CameraPath(contract)
        var numbers = Numbers(state: 1)
        for _ in 0..<60 {
            let (width, height) = (Int.random(in: 1...80, using: &numbers), Int.random(in: 1...80, using: &numbers))
            let rotation = 90 * Int.random(in: 0...3, using: &numbers)
            try withRGBA(numbers.bytes(4 * width * height), width, height, rotation: rotation) { frame in
                let (x, y) = (Double(frame.uprightWidth) / 3, Double(frame.uprightHeight) / 3)
                let box = Bool.random(using: &numbers) ? nil : FaceBox(x0: x, y0: y, x1: 2 * x, y1: 2 * y)
                let fresh = CameraPath(contract)
                XCTAssertTrue(try used.prepare(frame, box: box).elementsEqual(try fresh.prepare(frame, box: box)))
            }
        }
    }

    /// A box (2, 1, 4, 3) with margin 0.25 grows by half a pixel on each side.
    func testABoxGrowsByItsMargin() throws {
        let box = FaceBox(x0: 2, y0: 1, x1: 4, y1: 3)
        XCTAssertEqual(try box.grown(by: 0.25), FaceBox(x0: 1.5, y0: 0.5, x1: 4.5, y1: 3.5))
    }

    /// In a stored frame of 6x4, (1, 0)-(3, 2) turned clockwise by 90 lies at x 4-2 to 4-0, y 1 to 3.
    func testABoxTurnsWithItsFrame() throws {
        let box = FaceBox(x0: 1, y0: 0, x1: 3, y1: 2)
        XCTAssertEqual(try box.upright(width: 6, height: 4, rotation: 90), FaceBox(x0: 2, y0: 1, x1: 4, y1: 3))
        XCTAssertEqual(try box.upright(width: 6, height: 4, rotation: 180), FaceBox(x0: 3, y0: 2, x1: 5, y1: 4))
        XCTAssertEqual(try box.upright(width: 6, height: 4, rotation: 270), FaceBox(x0: 0, y0: 3, x1: 2, y1: 5))
        let mirrored = try box.upright(width: 6, height: 4, rotation: 90, mirror: true)
        XCTAssertEqual(mirrored, FaceBox(x0: 0, y0: 1, x1: 2, y1: 3))
        XCTAssertEqual(fault(FrameError.self) { _ = try box.upright(width: 6, height: 4, rotation: 1) }?.part, .rotation)
    }

    /// A quarter wide, a half high, its lower left corner at (1/2, 1/4): in 200x100 pixels counted from above.
    func testABoxOfVisionCountsFromBelow() {
        let box = FaceBox(vision: 0.5, 0.25, 0.25, 0.5, imageWidth: 200, imageHeight: 100)
        XCTAssertEqual(box, FaceBox(x0: 100, y0: 25, x1: 150, y1: 75))
    }
}
