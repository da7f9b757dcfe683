/// Step 5 of the camera specification: the integer box in the upright picture.
struct Crop {
    let left: Int
    let top: Int
    let width: Int
    let height: Int

    /// The whole picture, without margin; or a box grown by a margin in float64, rounded outwards, clipped to the picture.
    ///
    /// - Throws: `FrameError`, not a box, or nothing of it lies inside the picture.
    init(_ box: FaceBox?, margin: Double, frame: CameraFrame) throws {
        let (across, down) = (frame.uprightWidth, frame.uprightHeight)
        guard let box else {
            (left, top, width, height) = (0, 0, across, down)
            return
        }
        try box.check(margin: margin)
        let byX = margin * (box.x1 - box.x0)
        let byY = margin * (box.y1 - box.y0)
        left = lower(box.x0 - byX, across)
        top = lower(box.y0 - byY, down)
        width = upper(box.x1 + byX, across) - left
        height = upper(box.y1 + byY, down) - top
        guard width > 0, height > 0 else {
            throw FrameError(
                "\(box.said) is empty inside the upright image of \(across)x\(down); give x0, y0, x1, y1 in its pixels", .box)
        }
    }
}

// Compared before they become integers: a huge margin makes them infinite.
private func lower(_ value: Double, _ length: Int) -> Int { Int(min(max(value, 0), Double(length)).rounded(.down)) }

private func upper(_ value: Double, _ length: Int) -> Int { Int(max(min(value, Double(length)), -1).rounded(.up)) }
