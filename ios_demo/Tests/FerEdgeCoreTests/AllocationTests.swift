import CAllocations
import XCTest

@testable import FerEdgeCore

/// Nothing is allocated while the camera runs: blocks of memory are counted at the C library's door.
final class AllocationTests: XCTestCase {
    func testFramesAfterTheFirstAllocateNothing() throws {
        guard allocations_so_far() >= 0 else { throw XCTSkip("this C library's allocations cannot be counted") }
        let luma = [UInt8](repeating: 90, count: 640 * 480)
        let chroma = [UInt8](repeating: 120, count: 640 * 240)
        let color = [UInt8](repeating: 33, count: 4 * 640 * 480)
        for text in [ContractTexts.gray, ContractTexts.color, ContractTexts.quantized] {
            let contract = try Contract.parse(text)
            let path = CameraPath(contract)
            let frame = CameraFrame()
            try luma.withUnsafeBytes { y in
                try chroma.withUnsafeBytes { cbcr in
                    try color.withUnsafeBytes { bgra in
                        func run(_ count: Int) throws {
                            for number in 0..<count {
                                let rotation = 90 * (number % 4)
                                let left = Double(number % 50)
                                let box = FaceBox(x0: left, y0: 60, x1: left + 200, y1: 260)
                                try frame.set420f(
                                    y: y, cbcr: cbcr, width: 640, height: 480, yRowStride: 640, cbcrRowStride: 640,
                                    rotation: rotation)
                                try path.prepare(frame, box: box)
                                try frame.setBGRA(bgra, width: 640, height: 480, rowStride: 2560, rotation: rotation)
                                try path.prepare(frame)
                            }
                        }
                        try run(1)
                        XCTAssertEqual(try counted { try run(100) }, 0)
                    }
                }
            }
        }
    }

    func testAnswersAfterTheFirstAllocateNothing() throws {
        guard allocations_so_far() >= 0 else { throw XCTSkip("this C library's allocations cannot be counted") }
        let reader = try OutputReader(try Contract.parse(ContractTexts.quantized), type: .int8)
        var smoother = ProbabilitySmoother(labels: 2)
        let output: [Int8] = [64, -64]
        try output.withUnsafeBytes { bytes in
            func run(_ count: Int) throws {
                for number in 0..<count {
                    smoother.update(try reader.read(bytes), timestampNanos: Int64(number) * 33_000_000)
                }
            }
            // The average needs two.
            try run(2)
            XCTAssertEqual(try counted { try run(100) }, 0)
        }
    }

    /// So that a counter that counts nothing would be noticed.
    func testTheCounterCounts() throws {
        guard allocations_so_far() >= 0 else { throw XCTSkip("this C library's allocations cannot be counted") }
        var kept: [[UInt8]] = []
        XCTAssertGreaterThanOrEqual(counted { for size in 1...10 { kept.append([UInt8](repeating: 1, count: 100 * size)) } }, 10)
        XCTAssertEqual(kept.count, 10)
    }

    private func counted(_ body: () throws -> Void) rethrows -> Int {
        let before = allocations_so_far()
        try body()
        return allocations_so_far() - before
    }
}
