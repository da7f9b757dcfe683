import Foundation

/// Order of the tensor's axes, batch of one.
public enum Layout: String, CaseIterable, Sendable {
    /// (1, channels, height, width).
    case nchw = "NCHW"
    /// (1, height, width, channels).
    case nhwc = "NHWC"
}

/// Element type of a tensor; the raw value is the word of documents.
public enum ElementType: String, CaseIterable, Sendable {
    /// IEEE 754 single precision.
    case float32 = "float32"
    /// Signed byte with scale and zero point.
    case int8 = "int8"
    /// Unsigned byte, the color value itself.
    case uint8 = "uint8"

    /// Bytes of one element.
    public var bytes: Int { self == .float32 ? 4 : 1 }
}

/// What the artifact takes.
public enum Interface: String, CaseIterable, Sendable {
    /// The normalized tensor.
    case tensor = "tensor"
    /// RGB values 0 to 255; gray and normalization are inside the graph.
    case image = "image"
}

/// What comes out.
public enum OutputKind: String, CaseIterable, Sendable {
    /// One probability a label, softmax done.
    case probabilities = "probabilities"
    /// Probabilities by label (Core ML classifiers).
    case dictionary = "dictionary"
    /// Values before softmax (the reference only).
    case logits = "logits"
}

/// What goes in.
public struct InputSpec: Equatable, Sendable {
    /// Of the input in the artifact.
    public let name: String
    /// Tensor or image interface.
    public let kind: Interface
    /// In pixels, 1 to 8192.
    public let width: Int
    /// In pixels, 1 to 8192.
    public let height: Int
    /// 1 (gray) or 3 (RGB).
    public let channels: Int
    /// Order of the axes.
    public let layout: Layout
    /// Of the elements.
    public let type: ElementType

    /// Of the tensor: (1, C, H, W) or (1, H, W, C).
    public var shape: [Int] { layout == .nchw ? [1, channels, height, width] : [1, height, width, channels] }

    /// Elements from one position of each axis of `shape` to the next.
    public var strides: [Int] { shape.indices.map { shape[($0 + 1)...].reduce(1, *) } }
}

/// How a camera picture becomes the input.
public struct CameraSettings: Equatable, Sendable {
    /// Number of the camera specification; 1.
    public let spec: Int
    /// By which a face box grows on each side, in widths (heights) of the box.
    public let cropMargin: Double
    /// Whether the upright picture is mirrored left-right.
    public let mirror: Bool
}

/// `(v/255 - mean) / std` for each channel, in float32.
public struct Normalization: Equatable, Sendable {
    /// One value a channel, in units of v/255.
    public let mean: [Double]
    /// One positive value a channel, in units of v/255.
    public let std: [Double]
}

/// `real = scale * (integer - zeroPoint)`.
public struct QuantizationParameters: Equatable, Sendable {
    /// A float32 value, positive.
    public let scale: Double
    /// The integer that stands for 0.
    public let zeroPoint: Int
}

/// What comes out.
public struct OutputSpec: Equatable, Sendable {
    /// Of the output in the artifact.
    public let name: String
    /// Probabilities, dictionary or logits.
    public let kind: OutputKind
}

/// Everything an app must know to feed one artifact and to read its answer; schema `fer-edge-contract/1`.
public struct Contract: Sendable {
    /// The schema that this library reads.
    public static let schema = Words.contractSchema
    /// Under which models hold their contract.
    public static let metadataKey = Words.contractKey

    /// The model's name.
    public let model: String
    /// In the order of the output, unique.
    public let labels: [String]
    /// What goes in.
    public let input: InputSpec
    /// How a picture becomes that.
    public let camera: CameraSettings
    /// Nil where values go in as they are.
    public let normalization: Normalization?
    /// Of an int8 input; nil otherwise.
    public let inputQuantization: QuantizationParameters?
    /// Of a quantized output; nil where it is float.
    public let outputQuantization: QuantizationParameters?
    /// What comes out.
    public let output: OutputSpec
    /// Over the stored bytes.
    public let sha256: String
    /// Those stored bytes as text; contracts of equal bytes are equal.
    public let text: String

    /// Reads a stored contract.
    ///
    /// - Parameter data: exactly as stored: one line of compact UTF-8 JSON, no newline at the end.
    /// - Throws: `DocumentError`, anything that the schema does not allow; says key, value and what is allowed.
    public static func parse(_ data: Data) throws -> Contract { try ContractReader.read(data) }

    /// As `parse` of the text's UTF-8 bytes.
    public static func parse(_ text: String) throws -> Contract { try ContractReader.read(Data(text.utf8)) }

    /// Compares with the input that an opened model reports.
    ///
    /// - Parameters:
    ///   - shape: as the engine says, for example (1, 1, 64, 64).
    ///   - type: of its elements.
    /// - Throws: `ModelError`, another shape or type.
    public func checkInput(shape: [Int], type: ElementType) throws {
        guard shape == input.shape else {
            throw ModelError(
                "model \(model) takes a tensor of shape \(tuple(shape)), its contract says \(tuple(input.shape)); \(advice)",
                .inputShape)
        }
        guard type == input.type else {
            throw ModelError(
                "model \(model) takes \(type.rawValue), its contract says \(input.type.rawValue); \(advice)", .inputType)
        }
    }

    /// Compares with the output that an opened model reports.
    ///
    /// - Parameters:
    ///   - shape: as the engine says, for example (1, 8).
    ///   - type: of its elements.
    /// - Throws: `ModelError`, not one value a label, or a type that the contract's quantization does not explain.
    public func checkOutput(shape: [Int], type: ElementType) throws {
        guard shape == [1, labels.count] || shape == [labels.count] else { throw labelCountFault(tuple(shape)) }
        try checkOutput(type: type)
    }

    func checkOutput(count: Int) throws {
        if count != labels.count { throw labelCountFault(tuple([count])) }
    }

    private func labelCountFault(_ shape: String) -> ModelError {
        ModelError(
            "model \(model) answers with shape \(shape), its contract has \(labels.count) labels, so "
                + "\(tuple([1, labels.count])) is needed; \(advice)", .labelCount)
    }

    func checkOutput(type: ElementType) throws {
        guard (type == .float32) == (outputQuantization == nil) else {
            let said =
                outputQuantization == nil ? "no quantization, so float32" : "a quantization, so int8 or uint8"
            throw ModelError(
                "model \(model) answers in \(type.rawValue), its contract says \(said); \(advice)", .outputType)
        }
    }
}

extension Contract: Hashable {
    public static func == (one: Contract, other: Contract) -> Bool { JSONText(one.text) == JSONText(other.text) }

    public func hash(into hasher: inout Hasher) { hasher.combine(JSONText(text)) }
}

private let advice = "use the model file and the contract of one bundle"

private func tuple(_ numbers: [Int]) -> String { "(" + numbers.map(String.init).joined(separator: ", ") + ")" }
