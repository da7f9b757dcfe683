/// Step 8 of the camera specification: what color value v of a channel becomes, 256 entries a channel.
enum LookupTables {
    /// Each operation is rounded to float32, as in torchvision's ToTensor and Normalize.
    static func floats(channels: Int, _ normalization: Normalization?) -> [Float] {
        (0..<channels).flatMap { channel in
            (0..<256).map { value in
                guard let normalization else { return Float(value) }
                let (mean, std) = (Float(normalization.mean[channel]), Float(normalization.std[channel]))
                return (Float(value) / 255 - mean) / std
            }
        }
    }

    /// Of int8: the division in float64, half to even. Of uint8: the value itself.
    static func bytes(
        channels: Int, _ normalization: Normalization?, _ quantization: QuantizationParameters?
    ) -> [UInt8] {
        guard let quantization else { return (0..<channels).flatMap { _ in UInt8.min...UInt8.max } }
        return floats(channels: channels, normalization).map { value in
            let integer = (Double(value) / quantization.scale).rounded(.toNearestOrEven) + Double(quantization.zeroPoint)
            return UInt8(bitPattern: Int8(min(max(integer, -128), 127)))
        }
    }
}
