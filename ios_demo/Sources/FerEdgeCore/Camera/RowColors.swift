/// Step 2 of the camera specification for one stored row: the color of a column as 0x00RRGGBB.
protocol RowColors {
    func color(_ column: Int) -> Int32
}

/// BT.601 full range in integers. Source: libyuv `row_common.cc` (YuvPixel, kYvuJPEGConstants).
struct YUVRow: RowColors {
    let luma: UnsafePointer<UInt8>
    let u: UnsafePointer<UInt8>
    let v: UnsafePointer<UInt8>
    let chromaStride: Int

    init(_ row: Int, y: Plane, u: Plane, v: Plane) {
        luma = y.row(row)
        self.u = u.row(row >> 1)
        self.v = v.row(row >> 1)
        chromaStride = u.pixelStride
    }

    @inline(__always)
    func color(_ column: Int) -> Int32 {
        let place = (column >> 1) &* chromaStride
        let y1 = (Int32(luma[column]) &* (257 * 16320)) >> 16 &+ 32
        let (blueness, redness) = (Int32(u[place]) &- 128, Int32(v[place]) &- 128)
        let red = clamped((y1 &+ 90 &* redness) >> 6)
        let green = clamped((y1 &- 22 &* blueness &- 46 &* redness) >> 6)
        let blue = clamped((y1 &+ 113 &* blueness) >> 6)
        return red << 16 | green << 8 | blue
    }

    @inline(__always)
    private func clamped(_ value: Int32) -> Int32 { min(max(value, 0), 255) }
}

/// Four bytes a pixel.
struct PackedRow: RowColors {
    let bytes: UnsafePointer<UInt8>
    let red: Int
    let blue: Int

    init(_ row: Int, _ plane: Plane, isBlueFirst: Bool) {
        bytes = plane.row(row)
        red = isBlueFirst ? 2 : 0
        blue = isBlueFirst ? 0 : 2
    }

    @inline(__always)
    func color(_ column: Int) -> Int32 {
        let pixel = bytes + 4 &* column
        return Int32(pixel[red]) << 16 | Int32(pixel[1]) << 8 | Int32(pixel[blue])
    }
}

extension CameraFrame {
    /// One row at every target position, blended from two neighbors.
    ///
    /// - Parameters:
    ///   - row: of the stored frame.
    ///   - axis: whose positions are stored columns.
    ///   - out: receives three values (R, G, B) a target position, each sixteen times a color value, 0 to 4080.
    func blend(row: Int, along axis: ScalerAxis, into out: UnsafeMutablePointer<Int32>) {
        switch picture {
        case .none: break
        case .yuv(let y, let u, let v): mix(YUVRow(row, y: y, u: u, v: v), axis, out)
        case .packed(let plane, let isBlueFirst): mix(PackedRow(row, plane, isBlueFirst: isBlueFirst), axis, out)
        }
    }

    /// A whole row as RGB: three bytes a stored column.
    func convert(row: Int, into out: UnsafeMutablePointer<UInt8>) {
        switch picture {
        case .none: break
        case .yuv(let y, let u, let v): spread(YUVRow(row, y: y, u: u, v: v), width, out)
        case .packed(let plane, let isBlueFirst): spread(PackedRow(row, plane, isBlueFirst: isBlueFirst), width, out)
        }
    }
}

/// This loop is where the time goes; it is specialized for each kind of row.
@inline(__always)
private func mix(_ row: some RowColors, _ axis: ScalerAxis, _ out: UnsafeMutablePointer<Int32>) {
    let (low, high, weights) = (axis.low, axis.high, axis.weight)
    var target = out
    for position in 0..<axis.count {
        let share = weights[position]
        let rest = 16 &- share
        let first = row.color(Int(low[position]))
        let second = share == 0 ? 0 : row.color(Int(high[position]))
        target[0] = (first >> 16) &* rest &+ (second >> 16) &* share
        target[1] = (first >> 8 & 255) &* rest &+ (second >> 8 & 255) &* share
        target[2] = (first & 255) &* rest &+ (second & 255) &* share
        target += 3
    }
}

@inline(__always)
private func spread(_ row: some RowColors, _ width: Int, _ out: UnsafeMutablePointer<UInt8>) {
    for column in 0..<width {
        let color = row.color(column)
        out[3 &* column] = UInt8(truncatingIfNeeded: color >> 16)
        out[3 &* column &+ 1] = UInt8(truncatingIfNeeded: color >> 8)
        out[3 &* column &+ 2] = UInt8(truncatingIfNeeded: color)
    }
}
