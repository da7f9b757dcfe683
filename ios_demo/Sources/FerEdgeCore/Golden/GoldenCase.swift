import Foundation

/// What a case's tensor looks like.
struct Target: Sendable {
    let input: InputSpec
    let normalization: Normalization?
    let quantization: QuantizationParameters?
}

/// A plane as a case stores it; the frame itself refuses wrong numbers.
struct StoredPlane: Sendable {
    let data: Data
    let rowStride: Int
    let pixelStride: Int
}

/// A camera picture as a case stores it.
struct StoredFrame: Sendable {
    enum Planes: Sendable {
        case rgba(StoredPlane)
        case yuv(y: StoredPlane, u: StoredPlane, v: StoredPlane)
    }

    let width: Int
    let height: Int
    let planes: Planes

    /// Runs `body` while a frame holds the picture.
    func withFrame<Result>(rotation: Int, _ body: (CameraFrame) throws -> Result) throws -> Result {
        let frame = CameraFrame()
        switch planes {
        case .rgba(let plane):
            return try plane.data.withUnsafeBytes { bytes in
                try frame.setRGBA(bytes, width: width, height: height, rowStride: plane.rowStride, rotation: rotation)
                return try body(frame)
            }
        case .yuv(let y, let u, let v):
            return try withBytes(y.data, u.data, v.data) { yBytes, uBytes, vBytes in
                try frame.setYUV420(
                    y: yBytes, u: uBytes, v: vBytes, width: width, height: height, yRowStride: y.rowStride,
                    yPixelStride: y.pixelStride, uRowStride: u.rowStride, uPixelStride: u.pixelStride,
                    vRowStride: v.rowStride, vPixelStride: v.pixelStride, rotation: rotation)
                return try body(frame)
            }
        }
    }
}

/// A golden case: a camera frame, what is done with it, and the hashes of what must come out. The same files are read by
/// the Python, Kotlin and TypeScript tests; those of a bundle add the original's probabilities.
public struct GoldenCase: Sendable {
    /// Hashes of the three stages.
    public struct Hashes: Equatable, Sendable {
        /// RGB bytes after rotation and mirror.
        public let upright: String
        /// RGB bytes after crop and scale.
        public let scaled: String
        /// Bytes in layout and type, little-endian.
        public let tensor: String
    }

    /// What must come out.
    public enum Expectation: Equatable, Sendable {
        case hashes(Hashes)
        /// The word that the error's message must hold.
        case error(String)
    }

    /// Of the case.
    public let name: String
    /// Degrees clockwise to upright.
    public let rotation: Int
    /// Left-right, after the rotation.
    public let mirror: Bool
    /// Of the face in the upright picture, before the margin, x0, y0, x1, y1; nil: the whole picture.
    let corners: [Double]?
    /// By which the box grows.
    public let cropMargin: Double
    /// What must come out.
    public let expect: Expectation
    /// The PyTorch original's in label order; nil where the case has none.
    public let probabilities: [Float]?
    let stored: StoredFrame
    let target: Target

    /// Reads a case.
    ///
    /// - Parameter data: UTF-8 JSON, at most 64 MiB.
    /// - Throws: `DocumentError`, not of the schema.
    public static func parse(_ data: Data) throws -> GoldenCase { try GoldenCaseReader.read(data) }

    /// Runs `body` while a frame holds the case's picture.
    ///
    /// - Throws: `FrameError` in cases that expect one, and what `body` throws.
    public func withFrame<Result>(_ body: (CameraFrame) throws -> Result) throws -> Result {
        try stored.withFrame(rotation: rotation, body)
    }

    /// Of the face in the upright picture, before the margin; nil: the whole picture.
    ///
    /// - Throws: `FrameError` in cases that expect one.
    public func box() throws -> FaceBox? {
        guard let corners else { return nil }
        guard corners.count == 4 else {
            throw FrameError("box has \(corners.count) numbers; allowed: four, x0, y0, x1, y1", .box)
        }
        return FaceBox(x0: corners[0], y0: corners[1], x1: corners[2], y1: corners[3])
    }

    /// What this library makes of the case's picture.
    ///
    /// - Throws: `FrameError` in cases that expect one.
    public func run() throws -> Hashes {
        try withFrame(hashes)
    }

    func hashes(_ frame: CameraFrame) throws -> Hashes {
        let path = try CameraPath(
            target.input, target.normalization, target.quantization, margin: cropMargin, mirror: mirror)
        let tensor = try path.prepare(frame, box: try box())
        return Hashes(
            upright: SHA256.hash(try UprightConverter.rgb(frame, mirror: mirror)),
            scaled: SHA256.hash(path.scaled),
            tensor: SHA256.hash(UnsafeRawBufferPointer(tensor)))
    }

    /// What is wrong in one sentence; nil if every byte is as expected.
    public func fault() -> String? {
        let found: Hashes
        do {
            found = try run()
        } catch {
            guard case .error(let word) = expect, says("\(error)", word) else {
                return "\(name): unexpected error: \(error)"
            }
            return nil
        }
        guard case .hashes(let wanted) = expect else { return "\(name): no error, but one was expected" }
        let stages: [(String, KeyPath<Hashes, String>)] = [
            ("upright", \.upright), ("scaled", \.scaled), ("tensor", \.tensor),
        ]
        let differing = stages.filter { found[keyPath: $0.1] != wanted[keyPath: $0.1] }.map(\.0)
        return differing.isEmpty ? nil : "\(name): \(differing.joined(separator: ", ")) differ"
    }
}

/// Whether a sentence has this word, whole.
private func says(_ sentence: String, _ word: String) -> Bool {
    sentence.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }.contains { $0 == word }
}

private func withBytes<Result>(
    _ one: Data, _ two: Data, _ three: Data,
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Result
) throws -> Result {
    try one.withUnsafeBytes { first in
        try two.withUnsafeBytes { second in
            try three.withUnsafeBytes { third in try body(first, second, third) }
        }
    }
}
