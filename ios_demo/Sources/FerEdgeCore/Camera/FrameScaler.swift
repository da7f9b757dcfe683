/// Steps 1 to 6 of the camera specification in one pass: the picture, or a face in it, in the model's size.
///
/// Only pixels that the scaler addresses are converted; rotation and mirror are index arithmetic. Every byte equals that
/// of doing the steps one after another on the whole frame. Nothing is allocated after construction.
final class FrameScaler {
    /// The last result: (height, width, 3) RGB bytes.
    let scaled: Storage<UInt8>
    private let width: Int
    private let xAxis: ScalerAxis
    private let yAxis: ScalerAxis
    private let lines: Storage<Int32>
    private let longest: Int

    // Two blended rows of the stored frame and which ones they are; a row serves again for the next target row.
    private var lineA: UnsafeMutablePointer<Int32>
    private var lineB: UnsafeMutablePointer<Int32>
    private var rowA = none
    private var rowB = none

    /// - Throws: `FrameError`, a side that is not 1 to 8192.
    init(width: Int, height: Int) throws {
        guard (1...Words.largestSide).contains(width), (1...Words.largestSide).contains(height) else {
            throw FrameError("size of the target is \(width)x\(height); allowed: 1 to \(Words.largestSide) a side", .size)
        }
        self.width = width
        scaled = Storage(repeating: 0, count: 3 * width * height)
        xAxis = ScalerAxis(target: width, isChunked: true)
        yAxis = ScalerAxis(target: height, isChunked: false)
        longest = max(width, height)
        lines = Storage(repeating: 0, count: 6 * longest)
        lineA = lines.start
        lineB = lines.start + 3 * longest
    }

    /// Scales one picture into `scaled`.
    ///
    /// - Parameters:
    ///   - frame: the camera's picture.
    ///   - box: of a face in the upright picture, before the margin; nil: the whole picture, without margin.
    ///   - margin: by which the box grows on each side, in its widths and heights; a finite number, 0 or more.
    ///   - mirror: left-right, after the rotation.
    /// - Throws: `FrameError`, an empty box, a box that is none, a frame without picture.
    func scale(_ frame: CameraFrame, box: FaceBox?, margin: Double, mirror: Bool) throws {
        try frame.requireSet()
        let crop = try Crop(box, margin: margin, frame: frame)
        let turn = frame.turn
        xAxis.set(
            source: crop.width, offset: crop.left, length: frame.uprightWidth, isReversed: turn.isXReversed != mirror)
        yAxis.set(source: crop.height, offset: crop.top, length: frame.uprightHeight, isReversed: turn.isYReversed)
        if turn.isSwapped {
            run(frame, rows: xAxis, columns: yAxis, rowStep: 3, columnStep: 3 * width)
        } else {
            run(frame, rows: yAxis, columns: xAxis, rowStep: 3 * width, columnStep: 3)
        }
    }

    /// - Parameters:
    ///   - rows: the target's axis along the stored rows.
    ///   - columns: the target's axis along the stored columns.
    ///   - rowStep: bytes from one position of `rows` to the next.
    ///   - columnStep: bytes from one position of `columns` to the next.
    private func run(_ frame: CameraFrame, rows: ScalerAxis, columns: ScalerAxis, rowStep: Int, columnStep: Int) {
        (rowA, rowB) = (none, none)
        for position in 0..<rows.count {
            load(frame, low: Int(rows.low[position]), high: Int(rows.high[position]), columns)
            let share = rows.weight[position]
            let rest = 16 &- share
            var (first, second) = (UnsafePointer(lineA), UnsafePointer(lineB))
            var target = scaled.start + position * rowStep
            for _ in 0..<columns.count {
                target[0] = UInt8(truncatingIfNeeded: (first[0] &* rest &+ second[0] &* share) >> 8)
                target[1] = UInt8(truncatingIfNeeded: (first[1] &* rest &+ second[1] &* share) >> 8)
                target[2] = UInt8(truncatingIfNeeded: (first[2] &* rest &+ second[2] &* share) >> 8)
                target += columnStep
                first += 3
                second += 3
            }
        }
    }

    /// Brings row `low` into line A and row `high` into line B.
    private func load(_ frame: CameraFrame, low: Int, high: Int, _ columns: ScalerAxis) {
        if rowA != low, rowB == low || rowA == high {
            swap(&lineA, &lineB)
            swap(&rowA, &rowB)
        }
        if rowA != low {
            frame.blend(row: low, along: columns, into: lineA)
            rowA = low
        }
        if rowB == high { return }
        if high == low {
            lineB.update(from: lineA, count: 3 * columns.count)
        } else {
            frame.blend(row: high, along: columns, into: lineB)
        }
        rowB = high
    }
}

private let none = -1
