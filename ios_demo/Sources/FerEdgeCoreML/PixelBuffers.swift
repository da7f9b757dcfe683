#if canImport(CoreVideo)
import CoreVideo
import FerEdgeCore
import Foundation

extension CameraFrame {
    /// Runs `body` while this frame holds the picture of a pixel buffer, which is locked that long.
    ///
    /// - Parameters:
    ///   - buffer: of the format 420f with the matrix of BT.601, or BGRA.
    ///   - rotation: degrees clockwise to upright.
    /// - Throws: `FrameError`, another format, a matrix whose numbers mean other colors, a buffer that cannot be read; and what
    ///   `body` throws.
    public func withPixels(of buffer: CVPixelBuffer, rotation: Int, _ body: () throws -> Void) throws {
        guard CVPixelBufferLockBaseAddress(buffer, .readOnly) == kCVReturnSuccess else {
            throw FrameError("size of the picture is unknown: its memory cannot be read", .size)
        }
        defer {
            clear()
            CVPixelBufferUnlockBaseAddress(buffer, .readOnly)
        }
        let (width, height) = (CVPixelBufferGetWidth(buffer), CVPixelBufferGetHeight(buffer))
        switch CVPixelBufferGetPixelFormatType(buffer) {
        case kCVPixelFormatType_420YpCbCr8BiPlanarFullRange:
            try refuseOtherMatrix(buffer)
            try set420f(
                y: plane(buffer, 0), cbcr: plane(buffer, 1), width: width, height: height,
                yRowStride: CVPixelBufferGetBytesPerRowOfPlane(buffer, 0),
                cbcrRowStride: CVPixelBufferGetBytesPerRowOfPlane(buffer, 1), rotation: rotation)
        case kCVPixelFormatType_32BGRA:
            let rowStride = CVPixelBufferGetBytesPerRow(buffer)
            let bytes = UnsafeRawBufferPointer(start: CVPixelBufferGetBaseAddress(buffer), count: rowStride * height)
            try setBGRA(bytes, width: width, height: height, rowStride: rowStride, rotation: rotation)
        case let other:
            throw FrameError(
                "pixel format is \(fourLetters(other)); allowed: 420f, BGRA: set kCVPixelBufferPixelFormatTypeKey in "
                    + "videoSettings of AVCaptureVideoDataOutput", .format)
        }
        try body()
    }
}

private func plane(_ buffer: CVPixelBuffer, _ number: Int) -> UnsafeRawBufferPointer {
    let count = CVPixelBufferGetBytesPerRowOfPlane(buffer, number) * CVPixelBufferGetHeightOfPlane(buffer, number)
    return UnsafeRawBufferPointer(start: CVPixelBufferGetBaseAddressOfPlane(buffer, number), count: count)
}

/// Numbers by the matrix of BT.709 mean other colors: saturated ones would be off by several levels.
private func refuseOtherMatrix(_ buffer: CVPixelBuffer) throws {
    guard let matrix = CVBufferCopyAttachment(buffer, kCVImageBufferYCbCrMatrixKey, nil),
        !CFEqual(matrix, kCVImageBufferYCbCrMatrix_ITU_R_601_4)
    else { return }
    throw FrameError(
        "pixel format is 420f by the matrix \(matrix); allowed: ITU_R_601_4: ask AVCaptureVideoDataOutput for BGRA, "
            + "which the system converts by the right one", .format)
}

private func fourLetters(_ code: OSType) -> String {
    let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: code >> OSType($0)) }
    return bytes.allSatisfy { (0x20...0x7E).contains($0) } ? String(decoding: bytes, as: UTF8.self) : "\(code)"
}
#endif
