/// One plane of a frame: its memory and how its rows lie in it.
struct Plane {
    let start: UnsafePointer<UInt8>
    let rowStride: Int
    let pixelStride: Int

    func row(_ number: Int) -> UnsafePointer<UInt8> { start + number * rowStride }
}

/// The bytes of a frame, by their form.
enum Picture {
    case none
    case yuv(y: Plane, u: Plane, v: Plane)
    /// Four bytes a pixel; in the first or the third is red, in the other blue.
    case packed(Plane, isBlueFirst: Bool)
}

/// One camera picture as the camera gave it: step 1 of the camera specification.
///
/// A frame is made once and set again for each picture, so that nothing is allocated while the camera runs. It does not
/// copy: the memory must stay valid (a `CVPixelBuffer`: locked) until the picture has been prepared. Only bytes that are
/// addressed are read, so the last row may be short.
///
/// Not for use by several threads at once.
public final class CameraFrame {
    /// Pixels in a row as stored, before rotation; 0 while nothing is set.
    public private(set) var width = 0
    /// Rows as stored, before rotation; 0 while nothing is set.
    public private(set) var height = 0
    /// Degrees clockwise that make the picture upright: 0, 90, 180 or 270.
    public private(set) var rotation = 0

    private(set) var turn = Turn.none
    private(set) var picture = Picture.none

    public init() {}

    /// Width of the upright picture in pixels.
    public var uprightWidth: Int { turn.isSwapped ? height : width }

    /// Height of the upright picture in pixels.
    public var uprightHeight: Int { turn.isSwapped ? width : height }

    /// Takes a picture of the pixel format `420f`: BT.601 full range, luma, then pairs of Cb and Cr.
    ///
    /// - Parameters:
    ///   - y: luma, one byte a pixel.
    ///   - cbcr: ceil(width/2) x ceil(height/2) pairs.
    ///   - width: in pixels, 1 to 65536.
    ///   - height: in pixels, 1 to 65536.
    ///   - yRowStride: bytes from row to row of `y` (`CVPixelBufferGetBytesPerRowOfPlane`).
    ///   - cbcrRowStride: bytes from row to row of `cbcr`.
    ///   - rotation: degrees clockwise to upright.
    /// - Throws: `FrameError`, naming plane, value and need; the frame then holds no picture.
    public func set420f(
        y: UnsafeRawBufferPointer, cbcr: UnsafeRawBufferPointer, width: Int, height: Int, yRowStride: Int,
        cbcrRowStride: Int, rotation: Int
    ) throws {
        // Cr is the second byte of each pair: one byte later, and one byte fewer.
        let cr = UnsafeRawBufferPointer(rebasing: cbcr.dropFirst())
        try setYUV420(
            y: y, u: cbcr, v: cr, width: width, height: height, yRowStride: yRowStride, uRowStride: cbcrRowStride,
            uPixelStride: 2, vRowStride: cbcrRowStride, vPixelStride: 2, rotation: rotation)
    }

    /// Takes the planes of a 4:2:0 picture (I420, NV12, NV21), BT.601 full range.
    ///
    /// - Parameters:
    ///   - y: luma, one byte a pixel.
    ///   - u: first chroma plane from its first sample on, ceil(width/2) x ceil(height/2) samples.
    ///   - v: second chroma plane from its first sample on, as large as `u`.
    ///   - width: in pixels, 1 to 65536.
    ///   - height: in pixels, 1 to 65536.
    ///   - yRowStride: bytes from row to row of `y`.
    ///   - yPixelStride: 1.
    ///   - uRowStride: bytes from row to row of `u`.
    ///   - uPixelStride: 1 (planar) or 2 (interleaved).
    ///   - vRowStride: equal to `uRowStride`.
    ///   - vPixelStride: equal to `uPixelStride`.
    ///   - rotation: degrees clockwise to upright.
    /// - Throws: `FrameError`, naming plane, value and need; the frame then holds no picture.
    public func setYUV420(
        y: UnsafeRawBufferPointer, u: UnsafeRawBufferPointer, v: UnsafeRawBufferPointer, width: Int, height: Int,
        yRowStride: Int, yPixelStride: Int = 1, uRowStride: Int, uPixelStride: Int, vRowStride: Int, vPixelStride: Int,
        rotation: Int
    ) throws {
        clear()
        try check(width, height)
        try check(pixelStrides: yPixelStride, uPixelStride, vPixelStride)
        guard uRowStride == vRowStride else {
            throw FrameError("row stride of u is \(uRowStride) and that of v is \(vRowStride); allowed: the same", .stride)
        }
        let (columns, rows) = ((width + 1) / 2, (height + 1) / 2)
        try check(rowStride: yRowStride, of: "y", least: width)
        try check(rowStride: uRowStride, of: "u and v", least: (columns - 1) * uPixelStride + 1)
        let turn = try Turn(rotation: rotation)
        picture = .yuv(
            y: try plane("y", .y, y, yRowStride, 1, rows: height, columns: width),
            u: try plane("u", .u, u, uRowStride, uPixelStride, rows: rows, columns: columns),
            v: try plane("v", .v, v, vRowStride, vPixelStride, rows: rows, columns: columns))
        place(width, height, rotation, turn)
    }

    /// Takes a picture of the pixel format `BGRA`; alpha is not looked at.
    ///
    /// - Parameters:
    ///   - bgra: four bytes a pixel in memory order B, G, R, A.
    ///   - width: in pixels, 1 to 65536.
    ///   - height: in pixels, 1 to 65536.
    ///   - rowStride: bytes from row to row, at least `4 * width` (`CVPixelBufferGetBytesPerRow`).
    ///   - rotation: degrees clockwise to upright.
    /// - Throws: `FrameError`, naming plane, value and need; the frame then holds no picture.
    public func setBGRA(
        _ bgra: UnsafeRawBufferPointer, width: Int, height: Int, rowStride: Int, rotation: Int
    ) throws {
        try setPacked(bgra, "bgra", .bgra, isBlueFirst: true, width, height, rowStride, rotation)
    }

    /// As `setBGRA`, in memory order R, G, B, A.
    public func setRGBA(
        _ rgba: UnsafeRawBufferPointer, width: Int, height: Int, rowStride: Int, rotation: Int
    ) throws {
        try setPacked(rgba, "rgba", .rgba, isBlueFirst: false, width, height, rowStride, rotation)
    }

    private func setPacked(
        _ bytes: UnsafeRawBufferPointer, _ name: String, _ part: FramePart, isBlueFirst: Bool, _ width: Int,
        _ height: Int, _ rowStride: Int, _ rotation: Int
    ) throws {
        clear()
        try check(width, height)
        try check(rowStride: rowStride, of: name, least: 4 * width)
        let turn = try Turn(rotation: rotation)
        let plane = try plane(name, part, bytes, rowStride, 1, rows: height, columns: 4 * width)
        picture = .packed(plane, isBlueFirst: isBlueFirst)
        place(width, height, rotation, turn)
    }

    /// Lets go of the camera's memory.
    public func clear() {
        picture = .none
        place(0, 0, 0, .none)
    }

    func requireSet() throws {
        if width == 0 { throw FrameError("size of the frame is 0x0: set a picture first", .size) }
    }

    private func place(_ width: Int, _ height: Int, _ rotation: Int, _ turn: Turn) {
        (self.width, self.height, self.rotation, self.turn) = (width, height, rotation, turn)
    }

    private func check(_ width: Int, _ height: Int) throws {
        guard (1...largestSide).contains(width), (1...largestSide).contains(height) else {
            throw FrameError("size \(width)x\(height): width and height must be 1 to \(largestSide)", .size)
        }
    }

    private func check(pixelStrides y: Int, _ u: Int, _ v: Int) throws {
        guard y == 1 else { throw FrameError("pixel stride of y is \(y); allowed: 1", .stride) }
        guard u == v else {
            throw FrameError("pixel stride of u is \(u) and that of v is \(v); allowed: the same", .stride)
        }
        guard u == 1 || u == 2 else { throw FrameError("pixel stride of u and v is \(u); allowed: 1, 2", .stride) }
    }

    private func check(rowStride: Int, of plane: String, least: Int) throws {
        guard rowStride >= least else {
            throw FrameError(
                "row stride of \(plane) is \(rowStride); a row has \(least) bytes, so \(least) is the least", .stride)
        }
        // So that no product of it overflows.
        guard rowStride <= largestStride else {
            throw FrameError("row stride of \(plane) is \(rowStride); allowed: at most \(largestStride)", .stride)
        }
    }

    private func plane(
        _ name: String, _ part: FramePart, _ bytes: UnsafeRawBufferPointer, _ rowStride: Int, _ pixelStride: Int,
        rows: Int, columns: Int
    ) throws -> Plane {
        let need = (rows - 1) * rowStride + (columns - 1) * pixelStride + 1
        guard bytes.count >= need, let start = bytes.baseAddress else {
            throw FrameError("plane \(name) has \(bytes.count) bytes; its last addressed sample needs \(need)", part)
        }
        return Plane(
            start: start.assumingMemoryBound(to: UInt8.self), rowStride: rowStride, pixelStride: pixelStride)
    }
}

private let largestSide = 1 << 16
private let largestStride = 1 << 31
