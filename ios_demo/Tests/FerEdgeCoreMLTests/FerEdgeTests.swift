#if canImport(CoreML)
import AVFoundation
import CoreML
import CoreMedia
import CoreVideo
import TestBundles
import Vision
import XCTest

@testable import FerEdgeCamera
@testable import FerEdgeCore
@testable import FerEdgeCoreML

/// Against stand-ins of Apple's frameworks: what is handed to Core ML, what is made of its answer, what is refused.
final class FerEdgeTests: XCTestCase {
    private let contract = seal(
        #"{"schema":"fer-edge-contract/1","model":"tiny","labels":["neutral","happiness"],"#
            + #""input":{"name":"image","interface":"tensor","width":8,"height":6,"channels":3,"layout":"NCHW","dtype":"float32"},"#
            + #""camera":{"spec":1,"crop_margin":0,"mirror":false},"normalization":{"mean":[0.5,0.4,0.3],"std":[0.2,0.3,0.4]},"#
            + #""quantization":{"input":null,"output":null},"output":{"name":"probabilities","kind":"probabilities"}}"#)

    private static func seal(_ body: String) -> String {
        body.dropLast() + #","sha256":"\#(SHA256.hash(Data(body.utf8)))"}"#
    }

    /// The tensors that the model got.
    private var taken: [[Float]] = []

    /// A model that keeps its input and answers with these.
    private func model(
        _ text: String? = nil, shape: [NSNumber] = [1, 3, 6, 8], output: [Float] = [0.25, 0.75]
    ) -> MLModel {
        let description = MLModelDescription()
        description.metadata[.creatorDefinedKey] = ["fer_edge_contract": text ?? contract]
        description.inputDescriptionsByName["image"] = MLFeatureDescription(
            MLMultiArrayConstraint(shape: shape, dataType: .float32))
        description.outputDescriptionsByName["probabilities"] = MLFeatureDescription(
            MLMultiArrayConstraint(shape: [], dataType: .float32))
        return MLModel(description) { [unowned self] input in
            let array = input.featureValue(for: "image")!.multiArrayValue!
            XCTAssertEqual(array.shape, [1, 3, 6, 8])
            XCTAssertEqual(array.strides, [144, 48, 8, 1])
            let values = UnsafeBufferPointer(start: array.dataPointer.assumingMemoryBound(to: Float.self), count: 144)
            self.taken.append(Array(values))
            let memory = UnsafeMutablePointer<Float>.allocate(capacity: 2 * output.count)
            for (index, value) in output.enumerated() { memory[2 * index] = value }
            // Core ML may leave gaps.
            let answer = try MLMultiArray(
                dataPointer: memory, shape: [1, NSNumber(value: output.count)], dataType: .float32,
                strides: [NSNumber(value: 2 * output.count), 2]
            ) { $0.deallocate() }
            return try MLDictionaryFeatureProvider(dictionary: ["probabilities": MLFeatureValue(multiArray: answer)])
        }
    }

    private var numbers: [UInt8] = (0..<4 * 20 * 16).map { UInt8(truncatingIfNeeded: 37 &* $0 &+ 11 &* ($0 >> 4)) }

    /// 20x16 pixels with eight bytes between rows.
    private func bgra() -> CVPixelBuffer {
        let rows = (0..<16).flatMap { row in Array(numbers[80 * row..<80 * (row + 1)]) + [UInt8](repeating: 7, count: 8) }
        let plane = CVPixelBuffer.Plane(bytes: rows, height: 16, rowStride: 88)
        return CVPixelBuffer(width: 20, height: 16, format: kCVPixelFormatType_32BGRA, planes: [plane])
    }

    private func biplanar(format: OSType = kCVPixelFormatType_420YpCbCr8BiPlanarFullRange) -> CVPixelBuffer {
        let planes = [
            CVPixelBuffer.Plane(bytes: Array(numbers.prefix(24 * 16)), height: 16, rowStride: 24),
            CVPixelBuffer.Plane(bytes: Array(numbers.suffix(24 * 8)), height: 8, rowStride: 24),
        ]
        return CVPixelBuffer(width: 20, height: 16, format: format, planes: planes)
    }

    private func tensor(_ frame: CameraFrame, _ box: FaceBox) throws -> [Float] {
        let path = CameraPath(try Contract.parse(contract))
        return Array(try path.prepare(frame, box: box).bindMemory(to: Float.self))
    }

    private let box = FaceBox(x0: 2, y0: 1, x1: 14, y1: 15)

    func testAModelGetsThePathsTensorAndItsAnswerIsRead() throws {
        let fer = try FerEdge(model: model(), contract: try Contract.parse(contract))
        for rotation in [0, 90, 180, 270] {
            let picture = bgra()
            let answer = try XCTUnwrap(try fer.analyze(picture, rotation: rotation, box: box))
            XCTAssertEqual(answer.prediction.top(1), [Guess(label: "happiness", probability: 0.75)])
            XCTAssertEqual(picture.locks, 0)
            let wanted = try numbers.withUnsafeBytes { bytes in
                let frame = CameraFrame()
                try frame.setBGRA(bytes, width: 20, height: 16, rowStride: 80, rotation: rotation)
                return try tensor(frame, box)
            }
            XCTAssertEqual(taken.last, wanted)
        }
    }

    /// The model sees the mirrored picture; the box stays that of the picture as it is: 2..14 of 20 columns are 6..18 mirrored.
    func testABoxIsTheSameWhetherTheModelWantsMirroredFacesOrNot() throws {
        let body = contract.components(separatedBy: ",\"sha256\"")[0] + "}"
        let mirrored = Self.seal(body.replacingOccurrences(of: "\"mirror\":false", with: "\"mirror\":true"))
        let fer = try FerEdge(model: model(mirrored), contract: try Contract.parse(mirrored))
        XCTAssertEqual(try fer.analyze(bgra(), box: box)?.box, box)
        let wanted = try numbers.withUnsafeBytes { bytes -> [Float] in
            let frame = CameraFrame()
            try frame.setBGRA(bytes, width: 20, height: 16, rowStride: 80, rotation: 0)
            let path = CameraPath(try Contract.parse(mirrored))
            let tensor = try path.prepare(frame, box: FaceBox(x0: 6, y0: 1, x1: 18, y1: 15))
            return Array(tensor.bindMemory(to: Float.self))
        }
        XCTAssertEqual(taken.last, wanted)
    }

    func testPicturesOf420fAreRead() throws {
        let fer = try FerEdge(model: model(), contract: try Contract.parse(contract))
        _ = try fer.analyze(biplanar(), rotation: 90, box: box)
        let luma = Array(numbers.prefix(24 * 16))
        let chroma = Array(numbers.suffix(24 * 8))
        let wanted = try luma.withUnsafeBytes { y in
            try chroma.withUnsafeBytes { cbcr in
                let frame = CameraFrame()
                try frame.set420f(
                    y: y, cbcr: cbcr, width: 20, height: 16, yRowStride: 24, cbcrRowStride: 24, rotation: 90)
                return try tensor(frame, box)
            }
        }
        XCTAssertEqual(taken.last, wanted)
    }

    func testPicturesOfOtherColorsAreRefused() throws {
        let fer = try FerEdge(model: model(), contract: try Contract.parse(contract))
        let limited = biplanar(format: kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange)
        XCTAssertThrowsError(try fer.analyze(limited, box: box)) { error in
            XCTAssertEqual((error as? FrameError)?.part, .format)
            XCTAssertTrue("\(error)".hasPrefix("pixel format is 420v; allowed: 420f, BGRA"), "\(error)")
        }
        XCTAssertEqual(limited.locks, 0)
        let wide = biplanar()
        wide.attachments[kCVImageBufferYCbCrMatrixKey] = kCVImageBufferYCbCrMatrix_ITU_R_709_2
        XCTAssertThrowsError(try fer.analyze(wide, box: box)) { XCTAssertTrue("\($0)".contains("ITU_R_709_2")) }
        wide.attachments[kCVImageBufferYCbCrMatrixKey] = kCVImageBufferYCbCrMatrix_ITU_R_601_4
        XCTAssertNotNil(try fer.analyze(wide, box: box))
    }

    func testModelsThatDoNotFitAreRefused() throws {
        let other = Self.seal(contract.components(separatedBy: ",\"sha256\"")[0].replacingOccurrences(of: "tiny", with: "other") + "}")
        let parsed = try Contract.parse(contract)
        let cases: [(MLModel, ModelFault)] = [
            (model(other), .contract), (model(shape: [1, 3, 8, 6]), .inputShape),
        ]
        for (model, code) in cases {
            XCTAssertThrowsError(try FerEdge(model: model, contract: parsed)) { XCTAssertEqual(($0 as? ModelError)?.code, code) }
        }
        let silent = model()
        silent.modelDescription.metadata = [:]
        XCTAssertThrowsError(try FerEdge(model: silent, contract: parsed)) {
            XCTAssertEqual(($0 as? ModelError)?.code, .contract)
        }
        let short = try FerEdge(model: model(output: [1]), contract: parsed)
        XCTAssertThrowsError(try short.analyze(bgra(), box: box)) { XCTAssertEqual(($0 as? ModelError)?.code, .labelCount) }
    }

    /// Vision counts from below in units of the size: of 16x20 upright pixels the larger face lies at 4..12, 5..15.
    func testTheLargestFaceIsFound() throws {
        defer { VNImageRequestHandler.seen = { _ in [] } }
        let fer = try FerEdge(model: model(), contract: try Contract.parse(contract))
        XCTAssertNil(try fer.analyze(bgra(), rotation: 90))
        VNImageRequestHandler.seen = { orientation in
            XCTAssertEqual(orientation, .right)
            return [
                VNFaceObservation(boundingBox: CGRect(x: 0, y: 0, width: 0.1, height: 0.1)),
                VNFaceObservation(boundingBox: CGRect(x: 0.25, y: 0.25, width: 0.5, height: 0.5)),
            ]
        }
        XCTAssertEqual(try fer.analyze(bgra(), rotation: 90)?.box, FaceBox(x0: 4, y0: 5, x1: 12, y1: 15))
    }

    func testABundleIsOpenedAndCompiledOnce() async throws {
        let bundle = try TestBundle(contract: contract)
        let made = FileManager.default.temporaryDirectory.appendingPathComponent("made-\(UUID().uuidString)")
        var compiled = 0
        MLModel.compile = { url in
            XCTAssertEqual(url.lastPathComponent, bundle.package)
            compiled += 1
            try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
            return made
        }
        var opened: [URL] = []
        MLModel.make = { [unowned self] url in
            opened.append(url)
            return self.model()
        }
        for _ in 0..<2 {
            let fer = try await FerEdge.create(bundle: bundle.folder)
            XCTAssertNotNil(try fer.analyze(bgra(), box: box))
        }
        XCTAssertEqual(compiled, 1)
        XCTAssertEqual(opened.count, 2)
        XCTAssertEqual(opened[0], opened[1])
        try FileManager.default.removeItem(at: opened[0])
        try bundle.put(bundle.model, Data([1]))
        do {
            _ = try await FerEdge.create(bundle: bundle.folder)
            XCTFail("a changed package was opened")
        } catch {
            XCTAssertEqual((error as? BundleError)?.code, .wrongSize)
        }
        XCTAssertEqual(try FerEdge(compiled: made).contract.text, contract)
    }

    func testTheCamerasPicturesBecomeTheScreensState() async throws {
        defer { VNImageRequestHandler.seen = { _ in [] } }
        let bundle = try TestBundle(contract: contract)
        let made = FileManager.default.temporaryDirectory.appendingPathComponent("made-\(UUID().uuidString)")
        MLModel.compile = { _ in
            try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
            return made
        }
        MLModel.make = { [unowned self] url in
            // Nothing of the test is kept.
            try FileManager.default.removeItem(at: url)
            return self.model()
        }
        let feed = CameraFeed()
        await feed.start(bundle: bundle.folder, preview: AVCaptureVideoPreviewLayer())
        XCTAssertTrue(feed.session.isRunning)
        let output = try XCTUnwrap(feed.session.outputs.first as? AVCaptureVideoDataOutput)
        XCTAssertEqual(output.videoSettings[kCVPixelBufferPixelFormatTypeKey] as? OSType, kCVPixelFormatType_32BGRA)
        XCTAssertEqual(output.connection(with: .video)?.isVideoMirrored, false)
        func shown(_ picture: CVPixelBuffer, _ seconds: Double) async -> CameraState {
            let sample = CMSampleBuffer(picture, time: CMTime(seconds: seconds))
            feed.captureOutput(output, didOutput: sample, from: AVCaptureConnection())
            await withCheckedContinuation { done in DispatchQueue.main.async { done.resume() } }
            return feed.state
        }
        let nobody = await shown(bgra(), 0)
        XCTAssertEqual(nobody, .noFace)
        VNImageRequestHandler.seen = { _ in
            [VNFaceObservation(boundingBox: CGRect(x: 0.25, y: 0.25, width: 0.5, height: 0.5))]
        }
        let face = await shown(bgra(), 0.1)
        XCTAssertEqual(face, .face([Guess(label: "happiness", probability: 0.75), Guess(label: "neutral", probability: 0.25)]))
        let other = await shown(biplanar(format: kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange), 0.2)
        guard case .problem(let sentence) = other else { return XCTFail("\(other)") }
        XCTAssertTrue(sentence.contains("420v"), sentence)
        feed.stop()
    }

    func testACameraThatIsNotAllowedIsSaid() async throws {
        AVCaptureDevice.isAllowed = false
        defer { AVCaptureDevice.isAllowed = true }
        let feed = CameraFeed()
        await feed.start(bundle: URL(fileURLWithPath: "/nowhere"), preview: AVCaptureVideoPreviewLayer())
        await withCheckedContinuation { done in DispatchQueue.main.async { done.resume() } }
        guard case .problem(let sentence) = feed.state else { return XCTFail("\(feed.state)") }
        XCTAssertTrue(sentence.contains("not allowed"), sentence)
    }
}
#endif
