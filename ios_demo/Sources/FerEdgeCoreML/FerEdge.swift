#if canImport(CoreML) && canImport(CoreVideo)
import CoreGraphics
import CoreML
import CoreVideo
import FerEdgeCore
import Foundation

/// A face that was looked at, and what it shows.
public struct FaceAnswer: Sendable {
    /// In pixels of the upright picture, not mirrored, before the contract's margin.
    public let box: FaceBox
    /// Of all emotions.
    public let prediction: Prediction
}

/// Emotions of faces in a camera's pictures, by a Core ML package of a bundle: its files and contract are checked once, its
/// pixels come from the camera path of `FerEdgeCore`, and nothing of ours is allocated for a frame but the answer.
///
/// Not for use by several threads at once. Never compiled against Apple's own frameworks: no Mac was at hand. Its types are checked, and
/// its behavior is tested, against stand-ins of them (`Tests/AppleStandIns`).
public final class FerEdge {
    /// What the model needs and answers.
    public let contract: Contract
    private let model: MLModel
    private let path: CameraPath
    private let reader: OutputReader
    private let input: MLDictionaryFeatureProvider
    private let frame = CameraFrame()
    private let faces = FaceFinder()

    /// Opens a bundle's Core ML package: every file of it is compared with its hash, it is compiled, kept for the next start, and
    /// its contract compared with the one inside the model.
    ///
    /// - Parameters:
    ///   - folder: of the bundle: `Bundle.main.url(forResource: "bundle", withExtension: nil)!`, added to the app as a folder.
    ///   - variant: of it; the first Core ML package with the tensor interface if none is named.
    ///   - configuration: compute units and the like.
    /// - Throws: `FerEdgeError`, and what Core ML throws.
    public static func create(
        bundle folder: URL, variant: String? = nil, configuration: MLModelConfiguration = MLModelConfiguration()
    ) async throws -> FerEdge {
        let bundle = try ModelBundle(folder: folder)
        let loaded = try bundle.load(try variant ?? chosen(bundle))
        let url = try await CompiledModels.compiled(loaded, key: "\(bundle.sha256)-\(loaded.artifact.variant)")
        return try FerEdge(model: try MLModel(contentsOf: url, configuration: configuration), contract: loaded.contract)
    }

    /// For a package that Xcode compiled into the app; the contract is the one inside the model.
    ///
    /// - Parameter compiled: `Bundle.main.url(forResource: "fer-mini-fp16", withExtension: "mlmodelc")!`.
    public convenience init(
        compiled: URL, configuration: MLModelConfiguration = MLModelConfiguration()
    ) throws {
        let model = try MLModel(contentsOf: compiled, configuration: configuration)
        try self.init(model: model, contract: try Contract.parse(try Self.contractText(of: model)))
    }

    init(model: MLModel, contract: Contract) throws {
        guard try Self.contractText(of: model).utf8.elementsEqual(contract.text.utf8) else {
            throw ModelError(
                "model \(contract.model) holds another contract than its bundle; use the files of one export", .contract)
        }
        try Self.check(model, contract)
        self.model = model
        self.contract = contract
        path = CameraPath(contract)
        reader = try OutputReader(contract, type: .float32)
        // The model reads the path's own tensor: it is written again for each frame.
        let tensor = try MLMultiArray(
            dataPointer: path.tensor.baseAddress!, shape: contract.input.shape.map { NSNumber(value: $0) },
            dataType: .float32, strides: contract.input.strides.map { NSNumber(value: $0) }, deallocator: nil)
        input = try MLDictionaryFeatureProvider(dictionary: [contract.input.name: MLFeatureValue(multiArray: tensor)])
    }

    /// Emotions of a face.
    ///
    /// - Parameters:
    ///   - picture: of the format 420f or BGRA, as `AVCaptureVideoDataOutput` gives it.
    ///   - rotation: degrees clockwise to upright; 0 where the connection delivers upright buffers.
    ///   - box: of the face in pixels of the upright picture, not mirrored, before the margin; nil: Vision finds the largest face.
    /// - Returns: nil where no box was given and no face is seen.
    /// - Throws: `FrameError`, `ModelError`, and what Core ML and Vision throw.
    public func analyze(_ picture: CVPixelBuffer, rotation: Int = 0, box: FaceBox? = nil) throws -> FaceAnswer? {
        guard let box = try box ?? faces.largest(in: picture, rotation: rotation) else {
            return nil
        }
        try frame.withPixels(of: picture, rotation: rotation) { _ = try path.prepare(frame, box: placed(box)) }
        return FaceAnswer(box: box, prediction: try predict())
    }

    /// Emotions of a face in a decoded picture; all else as for the camera's.
    ///
    /// - Parameter picture: opaque; drawn in sRGB first.
    public func analyze(_ picture: CGImage, rotation: Int = 0, box: FaceBox? = nil) throws -> FaceAnswer? {
        guard let box = try box ?? faces.largest(in: picture, rotation: rotation) else {
            return nil
        }
        try frame.withPixels(of: picture, rotation: rotation) { _ = try path.prepare(frame, box: placed(box)) }
        return FaceAnswer(box: box, prediction: try predict())
    }

    /// Where the path looks for a box: in the mirrored picture, if the contract mirrors.
    private func placed(_ box: FaceBox) throws -> FaceBox {
        guard contract.camera.mirror else { return box }
        return try box.upright(width: frame.uprightWidth, height: frame.uprightHeight, rotation: 0, mirror: true)
    }

    private func predict() throws -> Prediction {
        let answer = try model.prediction(from: input)
        guard let output = answer.featureValue(for: contract.output.name)?.multiArrayValue else {
            throw ModelError("model \(contract.model) gives no \(contract.output.name)", .outputType)
        }
        // By its own index: the memory of an answer may have gaps.
        let values = (0..<output.count).map { output[$0].floatValue }
        let probabilities = try values.withUnsafeBytes { try reader.read($0) }
        return Prediction(labels: contract.labels, probabilities: probabilities)
    }

    private static func chosen(_ bundle: ModelBundle) throws -> String {
        let fits = bundle.manifest.artifacts.first {
            $0.format == "coreml" && $0.kind == .tensor && $0.parity.verdict != .fail
        }
        guard let fits else {
            throw BundleError(
                "the bundle has no Core ML package with the tensor interface; export it with fer-export --format coreml",
                .unknownVariant, path: "coreml")
        }
        return fits.variant
    }

    private static func contractText(of model: MLModel) throws -> String {
        let metadata = model.modelDescription.metadata[.creatorDefinedKey] as? [String: String]
        guard let text = metadata?[Contract.metadataKey] else {
            throw ModelError("the model holds no contract; export it again with fer-export --format coreml", .contract)
        }
        return text
    }

    private static func check(_ model: MLModel, _ contract: Contract) throws {
        let inputs = model.modelDescription.inputDescriptionsByName
        guard let taken = inputs[contract.input.name]?.multiArrayConstraint, taken.dataType == .float32 else {
            throw ModelError(
                "model \(contract.model) takes no float32 array named \(contract.input.name); take a variant without -image",
                .inputType)
        }
        try contract.checkInput(shape: taken.shape.map(\.intValue), type: .float32)
        let outputs = model.modelDescription.outputDescriptionsByName
        guard let given = outputs[contract.output.name]?.multiArrayConstraint else {
            throw ModelError("model \(contract.model) gives no array named \(contract.output.name)", .outputType)
        }
        // Core ML does not always say the shape; an answer's length is compared anyway.
        if !given.shape.isEmpty { try contract.checkOutput(shape: given.shape.map(\.intValue), type: .float32) }
    }
}
#endif
