/// A detector's box in pixels of the upright (and, where the contract says so, mirrored) picture.
public struct FaceBox: Equatable, Sendable {
    /// Left edge.
    public var x0: Double
    /// Upper edge.
    public var y0: Double
    /// Right edge, exclusive.
    public var x1: Double
    /// Lower edge, exclusive.
    public var y1: Double

    public init(x0: Double, y0: Double, x1: Double, y1: Double) {
        self.x0 = x0
        self.y0 = y0
        self.x1 = x1
        self.y1 = y1
    }

    /// A box of Vision (`VNFaceObservation.boundingBox`): in units of the picture's size, counted from its lower left corner.
    ///
    /// - Parameters:
    ///   - x: of the left edge, 0 to 1; `y` of the lower edge; then width and height.
    ///   - imageWidth: of the upright picture in pixels; `imageHeight` likewise.
    public init(vision x: Double, _ y: Double, _ width: Double, _ height: Double, imageWidth: Int, imageHeight: Int) {
        let (across, down) = (Double(imageWidth), Double(imageHeight))
        self.init(x0: x * across, y0: (1 - y - height) * down, x1: (x + width) * across, y1: (1 - y) * down)
    }

    /// The box grown on each side by `margin` times its width and height, not rounded and not clipped.
    ///
    /// `CameraPath` does this by itself with the contract's margin; use it to draw what the model sees.
    ///
    /// - Parameter margin: a finite number, 0 or more.
    /// - Throws: `FrameError`, the margin or a side is not allowed.
    public func grown(by margin: Double) throws -> FaceBox {
        try check(margin: margin)
        let (byX, byY) = (margin * (x1 - x0), margin * (y1 - y0))
        return FaceBox(x0: x0 - byX, y0: y0 - byY, x1: x1 + byX, y1: y1 + byY)
    }

    /// The box in the upright picture, if this one was found in the frame as it was stored.
    ///
    /// - Parameters:
    ///   - width: of the stored frame in pixels.
    ///   - height: of the stored frame in pixels.
    ///   - rotation: degrees clockwise to upright: 0, 90, 180, 270.
    ///   - mirror: whether the upright picture is mirrored left-right.
    /// - Throws: `FrameError`, another rotation.
    public func upright(width: Int, height: Int, rotation: Int, mirror: Bool = false) throws -> FaceBox {
        let turn = try Turn(rotation: rotation)
        let (across, down) = (Double(width), Double(height))
        let turned: FaceBox
        switch turn {
        case .none: turned = self
        case .quarter: turned = FaceBox(x0: down - y1, y0: x0, x1: down - y0, y1: x1)
        case .half: turned = FaceBox(x0: across - x1, y0: down - y1, x1: across - x0, y1: down - y0)
        case .threeQuarters: turned = FaceBox(x0: y0, y0: across - x1, x1: y1, y1: across - x0)
        }
        let span = turn.isSwapped ? down : across
        return mirror ? FaceBox(x0: span - turned.x1, y0: turned.y0, x1: span - turned.x0, y1: turned.y1) : turned
    }

    func check(margin: Double) throws {
        guard margin >= 0, margin.isFinite else {
            throw FrameError("margin of the box is \(margin); allowed: a finite number, 0 or more", .box)
        }
        // The bound keeps the margin's arithmetic finite; no picture is that large. NaN fails it too.
        guard abs(x0) <= most, abs(y0) <= most, abs(x1) <= most, abs(y1) <= most else {
            throw FrameError("\(said) has a value that is not finite; allowed: finite numbers", .box)
        }
        guard x1 >= x0, y1 >= y0 else {
            throw FrameError("\(said) runs backwards; allowed: x0 <= x1 and y0 <= y1", .box)
        }
    }

    var said: String { "box (\(x0), \(y0), \(x1), \(y1))" }
}

private let most = 1e15
