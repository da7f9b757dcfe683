/// Steps 1 to 4 of the camera specification: the whole picture, upright, in the frame's own size.
///
/// For detectors, screenshots and tests; the model's input comes from `CameraPath`, which converts only what it needs.
public enum UprightConverter {
    /// The picture as RGB bytes: (uprightHeight, uprightWidth, 3).
    ///
    /// - Parameters:
    ///   - frame: the camera's picture.
    ///   - mirror: left-right, after the rotation.
    /// - Throws: `FrameError`, the frame holds no picture.
    public static func rgb(_ frame: CameraFrame, mirror: Bool) throws -> [UInt8] {
        try frame.requireSet()
        let (turn, width, height) = (frame.turn, frame.uprightWidth, frame.uprightHeight)
        let isXReversed = turn.isXReversed != mirror
        let row = Storage<UInt8>(repeating: 0, count: 3 * frame.width)
        return [UInt8](unsafeUninitializedCapacity: 3 * width * height) { out, count in
            for storedRow in 0..<frame.height {
                frame.convert(row: storedRow, into: row.start)
                for column in 0..<frame.width {
                    let alongX = turn.isSwapped ? storedRow : column
                    let alongY = turn.isSwapped ? column : storedRow
                    let x = isXReversed ? width - 1 - alongX : alongX
                    let y = turn.isYReversed ? height - 1 - alongY : alongY
                    let target = out.baseAddress! + 3 * (y * width + x)
                    target.initialize(from: row.start + 3 * column, count: 3)
                }
            }
            count = 3 * width * height
        }
    }
}
