/// From a camera frame to exactly what the model gets: the camera specification, steps 1 to 9.
///
/// Make one for each artifact and keep it: buffers and tables are its own, nothing is allocated after it was made. Not for
/// use by several threads at once.
public final class CameraPath {
    private let scaler: FrameScaler
    private let writer: TensorWriter
    private let margin: Double
    private let mirror: Bool

    /// The path of one artifact, with its margin and mirror.
    public convenience init(_ contract: Contract) {
        // A contract's sizes are within the scaler's bounds.
        try! self.init(
            contract.input, contract.normalization, contract.inputQuantization, margin: contract.camera.cropMargin,
            mirror: contract.camera.mirror)
    }

    init(
        _ input: InputSpec, _ normalization: Normalization?, _ quantization: QuantizationParameters?, margin: Double,
        mirror: Bool
    ) throws {
        scaler = try FrameScaler(width: input.width, height: input.height)
        writer = TensorWriter(input, normalization, quantization)
        self.margin = margin
        self.mirror = mirror
    }

    /// The last picture in the model's size before gray and normalization: (height, width, 3) RGB bytes. Valid while the path lives.
    public var scaled: UnsafeRawBufferPointer { scaler.scaled.bytes }

    /// The last tensor: elements in the contract's layout and type. Valid while the path lives; written again by each `prepare`.
    public var tensor: UnsafeMutableRawBufferPointer { writer.tensor }

    /// Prepares one picture.
    ///
    /// - Parameters:
    ///   - frame: the camera's picture.
    ///   - box: of a face in the upright picture (mirrored, if the contract mirrors), before the margin; nil: the whole picture,
    ///     without margin.
    /// - Returns: `tensor`.
    /// - Throws: `FrameError`, a box that is empty inside the picture or none at all, or a frame that holds no picture.
    @discardableResult
    public func prepare(_ frame: CameraFrame, box: FaceBox? = nil) throws -> UnsafeMutableRawBufferPointer {
        try scaler.scale(frame, box: box, margin: margin, mirror: mirror)
        writer.write(scaler.scaled.start)
        return tensor
    }
}
