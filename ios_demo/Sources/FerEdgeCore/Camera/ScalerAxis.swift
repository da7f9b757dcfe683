/// One axis of step 6 of the camera specification: neighbors and weights from a source to a target length.
///
/// Source: Skia `SkBitmapProcState_matrixProcs.cpp` and `SkBitmapProcState_opts.h`, the filter behind Android's
/// `Bitmap.createScaledBitmap(..., filter = true)`. Every `Float` operation is rounded to float32; Swift fuses none of them.
final class ScalerAxis {
    /// Length after scaling in pixels.
    let count: Int
    /// The x axis, which Skia steps in chunks of 127; the y axis takes each row by itself.
    private let isChunked: Bool
    private let places: Storage<Int32>
    private var last = Span(source: 0, offset: 0, length: 0, isReversed: false)

    /// Where along the axis to read.
    private struct Span: Equatable {
        var source, offset, length: Int
        var isReversed: Bool
    }

    init(target: Int, isChunked: Bool) {
        count = target
        self.isChunked = isChunked
        places = Storage(repeating: 0, count: 3 * target)
    }

    /// Position of the first neighbor of each target pixel in the stored frame.
    var low: UnsafeMutablePointer<Int32> { places.start }

    /// Position of the second neighbor in the stored frame.
    var high: UnsafeMutablePointer<Int32> { places.start + count }

    /// Sixteenths of the second neighbor, 0 to 15.
    var weight: UnsafeMutablePointer<Int32> { places.start + 2 * count }

    /// Fills the tables; does nothing if they are those of the last call.
    ///
    /// - Parameters:
    ///   - source: length before scaling (of the crop) in pixels.
    ///   - offset: of the crop in the upright picture.
    ///   - length: of the upright picture along this axis.
    ///   - isReversed: whether this axis runs against the stored one.
    func set(source: Int, offset: Int, length: Int, isReversed: Bool) {
        let span = Span(source: source, offset: offset, length: length, isReversed: isReversed)
        guard span != last else { return }
        last = span
        if source == count {
            for position in 0..<count { put(position, position, position, 0, span) }
        } else {
            scale(span)
        }
    }

    private func scale(_ span: Span) {
        let inverse = 1 / (Float(count) / Float(span.source))
        let step = Int64(Double(inverse) * fixedOne)
        var start = 0
        for position in 0..<count {
            if !isChunked || position == start + chunk { start = position }
            // One float32 multiplication; the shift by 32 bits is exact.
            let center = (Float(start) + 0.5) * inverse
            let fixed = Int64(Double(center) * fixedOne) - fixedHalf + Int64(position - start) * step
            let grid = fixed >> 16
            let whole = Int(grid >> 16)
            let most = span.source - 1
            put(position, min(max(whole, 0), most), min(max(whole + 1, 0), most), Int(grid >> 12 & 15), span)
        }
    }

    private func put(_ position: Int, _ first: Int, _ second: Int, _ share: Int, _ span: Span) {
        let (one, other) = (first + span.offset, second + span.offset)
        low[position] = Int32(span.isReversed ? span.length - 1 - one : one)
        high[position] = Int32(span.isReversed ? span.length - 1 - other : other)
        weight[position] = Int32(share)
    }
}

private let chunk = 127
private let fixedOne = 4294967296.0
private let fixedHalf: Int64 = 1 << 31
