#if canImport(CoreGraphics)
import CoreGraphics
import FerEdgeCore
import Foundation

extension CameraFrame {
    /// Runs `body` while this frame holds a decoded picture, in sRGB as the system converts it.
    ///
    /// - Parameters:
    ///   - picture: opaque.
    ///   - rotation: degrees clockwise to upright.
    /// - Throws: `FrameError`, a picture that cannot be drawn, and what `body` throws.
    public func withPixels(of picture: CGImage, rotation: Int, _ body: () throws -> Void) throws {
        let (width, height) = (picture.width, picture.height)
        // Little-endian words of alpha, red, green, blue: B, G, R, A in memory.
        let layout = CGImageAlphaInfo.noneSkipFirst.rawValue | CGBitmapInfo.byteOrder32Little.rawValue
        guard let colors = CGColorSpace(name: CGColorSpace.sRGB),
            let context = CGContext(
                data: nil, width: width, height: height, bitsPerComponent: 8, bytesPerRow: 0, space: colors,
                bitmapInfo: layout), let memory = context.data
        else { throw FrameError("size of the picture is \(width)x\(height): it cannot be drawn", .size) }
        context.draw(picture, in: CGRect(x: 0, y: 0, width: width, height: height))
        defer { clear() }
        try setBGRA(
            UnsafeRawBufferPointer(start: memory, count: context.bytesPerRow * height), width: width, height: height,
            rowStride: context.bytesPerRow, rotation: rotation)
        try withExtendedLifetime(context) { try body() }
    }
}
#endif
