/// Steps 7 to 9 of the camera specification: gray, normalization or quantization by table, layout.
///
/// Tables and tensor are made once; nothing is allocated later.
final class TensorWriter {
    /// Elements in the contract's layout and type, in the machine's byte order (little-endian on every device of Apple).
    let tensor: UnsafeMutableRawBufferPointer
    private let pixels: Int
    private let input: InputSpec
    private let floats: Storage<Float>
    private let bytes: Storage<UInt8>

    init(_ input: InputSpec, _ normalization: Normalization?, _ quantization: QuantizationParameters?) {
        self.input = input
        pixels = input.width * input.height
        let isFloat = input.type == .float32
        floats = Storage(isFloat ? LookupTables.floats(channels: input.channels, normalization) : [])
        bytes = Storage(isFloat ? [] : LookupTables.bytes(channels: input.channels, normalization, quantization))
        tensor = .allocate(
            byteCount: pixels * input.channels * input.type.bytes, alignment: MemoryLayout<Float>.alignment)
        tensor.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { tensor.deallocate() }

    /// Writes one picture into `tensor`: (height, width, 3) RGB bytes in the model's size.
    func write(_ rgb: UnsafePointer<UInt8>) {
        let start = tensor.baseAddress!
        if input.type == .float32 {
            fill(start.assumingMemoryBound(to: Float.self), from: rgb, through: floats.start)
        } else {
            fill(start.assumingMemoryBound(to: UInt8.self), from: rgb, through: bytes.start)
        }
    }

    @inline(__always)
    private func fill<Element>(
        _ out: UnsafeMutablePointer<Element>, from rgb: UnsafePointer<UInt8>, through table: UnsafePointer<Element>
    ) {
        if input.channels == 1 {
            for pixel in 0..<pixels { out[pixel] = table[gray(rgb + 3 &* pixel)] }
            return
        }
        let isPlanar = input.layout == .nchw
        let step = isPlanar ? 1 : 3
        for channel in 0..<3 {
            let values = table + 256 &* channel
            var target = out + (isPlanar ? channel &* pixels : channel)
            var source = rgb + channel
            for _ in 0..<pixels {
                target.pointee = values[Int(source.pointee)]
                target += step
                source += 3
            }
        }
    }

    /// Pillow's "L", exact.
    @inline(__always)
    private func gray(_ pixel: UnsafePointer<UInt8>) -> Int {
        (19595 &* Int(pixel[0]) &+ 38470 &* Int(pixel[1]) &+ 7471 &* Int(pixel[2]) &+ 32768) >> 16
    }
}
