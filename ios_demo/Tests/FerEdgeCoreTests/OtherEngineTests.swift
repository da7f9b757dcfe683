import TestBundles
import XCTest

@testable import FerEdgeCore

/// The page for iOS shows this: any engine, fed from a bundle.
final class OtherEngineTests: XCTestCase {
    private func answer(
        folder: URL, variant: String, pixels: UnsafeRawBufferPointer, width: Int, height: Int, rowStride: Int,
        face: FaceBox?, engine: (URL, UnsafeMutableRawBufferPointer) throws -> UnsafeRawBufferPointer
    ) throws -> [Float] {
        let loaded = try ModelBundle(folder: folder).load(variant)
        let path = CameraPath(loaded.contract)
        let reader = try OutputReader(loaded.contract, type: .float32)
        let frame = CameraFrame()
        try frame.setBGRA(pixels, width: width, height: height, rowStride: rowStride, rotation: 90)
        let tensor = try path.prepare(frame, box: face)
        let answer = try reader.read(try engine(loaded.url, tensor))
        return answer
    }

    func testAnEngineGetsFileAndTensor() throws {
        let bundle = try TestBundle(contract: ContractTexts.color)
        let pixels = [UInt8](repeating: 255, count: 4 * 8 * 6)
        let values: [Float] = [0.25, 0.75]
        let found = try pixels.withUnsafeBytes { pixels in
            try values.withUnsafeBytes { output in
                try answer(
                    folder: bundle.folder, variant: "coreml-fp16", pixels: pixels, width: 8, height: 6, rowStride: 32,
                    face: FaceBox(x0: 1, y0: 1, x1: 5, y1: 7)
                ) { url, tensor in
                    XCTAssertEqual(url.lastPathComponent, bundle.package)
                    XCTAssertEqual(tensor.count, 4 * 3 * 64 * 64)
                    // (1 - 0.5) / 0.2 in float32.
                    XCTAssertEqual(tensor.load(as: Float.self), 2.5)
                    return output
                }
            }
        }
        XCTAssertEqual(found, values)
    }
}
