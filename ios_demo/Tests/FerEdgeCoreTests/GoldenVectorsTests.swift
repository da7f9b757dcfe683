import XCTest

@testable import FerEdgeCore

/// All vectors of tests/golden, and those of the folder in FER_EDGE_GOLDEN: every byte of every stage.
final class GoldenVectorsTests: XCTestCase {
    func testEveryVectorGivesItsBytes() throws {
        let cases = try goldenCases()
        XCTAssertGreaterThan(cases.count, 100)
        XCTAssertEqual(cases.compactMap { $0.fault() }, [])
        print("\(cases.count) golden vectors, every byte of every stage equal")
    }

    /// The camera's own formats give what the vectors say of the same pixels: BGRA for RGBA, 420f for three planes.
    func testFormatsOfIPhonesGiveTheSameBytes() throws {
        var count = 0
        for golden in try goldenCases() {
            guard case .hashes(let wanted) = golden.expect else { continue }
            let found = try golden.stored.withFrameOfIPhone(rotation: golden.rotation, golden.hashes)
            XCTAssertEqual(found, wanted, golden.name)
            count += 1
        }
        XCTAssertGreaterThan(count, 100)
    }

    /// So that a silent comparison would be noticed.
    func testAWrongHashIsReported() throws {
        let file = root.appendingPathComponent("tests/golden/camera/box-floats.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        let key = try XCTUnwrap(text.range(of: #""scaled_sha256": ""#) ?? text.range(of: #""scaled_sha256":""#))
        let after = text.index(after: key.upperBound)
        let other = text[key.upperBound] == "0" ? "1" : "0"
        let changed = text.replacingCharacters(in: key.upperBound..<after, with: other)
        XCTAssertEqual(try GoldenCase.parse(Data(changed.utf8)).fault(), "box-floats: scaled differ")
    }

    func testAnUnexpectedKeyIsRefused() throws {
        let file = root.appendingPathComponent("tests/golden/camera/box-floats.json")
        let text = try String(contentsOf: file, encoding: .utf8).replacingOccurrences(of: #""name""#, with: #""nmae""#)
        let error = fault(DocumentError.self) { _ = try GoldenCase.parse(Data(text.utf8)) }
        XCTAssertEqual(error?.key, "nmae")
        XCTAssertEqual(error?.code, .unknownKey)
    }

    /// The vectors of tests/golden/smoothing, whose averages were computed with exact fractions: equal bit for bit.
    func testEverySmoothingVectorGivesItsAverages() throws {
        struct Step: Decodable {
            let time_nanos: Int64?
            let probabilities: [Double]?
            let expect: [Double]?
        }
        struct Case: Decodable {
            let labels: Int
            let half_life_seconds: Double
            let reset_seconds: Double
            let steps: [Step]
        }
        let files = try jsonFiles(in: root.appendingPathComponent("tests/golden/smoothing"))
        XCTAssertFalse(files.isEmpty)
        for file in files {
            let golden = try JSONDecoder().decode(Case.self, from: Data(contentsOf: file))
            var smoother = ProbabilitySmoother(
                labels: golden.labels, halfLifeSeconds: golden.half_life_seconds, resetSeconds: golden.reset_seconds)
            for (number, step) in golden.steps.enumerated() {
                guard let nanos = step.time_nanos, let given = step.probabilities, let wanted = step.expect else {
                    smoother.reset()
                    continue
                }
                let found = smoother.update(given.map { Float($0) }, timestampNanos: nanos)
                XCTAssertEqual(found, wanted.map { Float($0) }, "\(file.lastPathComponent), step \(number)")
            }
        }
    }
}

extension StoredFrame {
    /// The same pixels as an iPhone's camera would give them.
    fileprivate func withFrameOfIPhone<Result>(rotation: Int, _ body: (CameraFrame) throws -> Result) throws -> Result {
        let frame = CameraFrame()
        switch planes {
        case .rgba(let plane):
            var bytes = [UInt8](plane.data)
            for row in 0..<height {
                for pixel in 0..<width {
                    let place = row * plane.rowStride + 4 * pixel
                    (bytes[place], bytes[place + 2]) = (bytes[place + 2], bytes[place])
                }
            }
            return try bytes.withUnsafeBytes { bytes in
                try frame.setBGRA(bytes, width: width, height: height, rowStride: plane.rowStride, rotation: rotation)
                return try body(frame)
            }
        case .yuv(let y, let u, let v):
            let (rows, columns) = ((height + 1) / 2, (width + 1) / 2)
            let stride = 2 * columns + 6
            var pairs = [UInt8](repeating: 77, count: stride * rows)
            for row in 0..<rows {
                for column in 0..<columns {
                    let place = row * u.rowStride + column * u.pixelStride
                    pairs[row * stride + 2 * column] = u.data[u.data.startIndex + place]
                    pairs[row * stride + 2 * column + 1] = v.data[v.data.startIndex + place]
                }
            }
            return try y.data.withUnsafeBytes { luma in
                try pairs.dropLast(6).withUnsafeBytes { chroma in
                    try frame.set420f(
                        y: luma, cbcr: chroma, width: width, height: height, yRowStride: y.rowStride,
                        cbcrRowStride: stride, rotation: rotation)
                    return try body(frame)
                }
            }
        }
    }
}
