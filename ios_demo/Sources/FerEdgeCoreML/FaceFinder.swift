#if canImport(Vision) && canImport(CoreVideo)
import CoreGraphics
import CoreVideo
import FerEdgeCore
import Foundation
import ImageIO
import Vision

/// Faces by Vision. Its boxes are cut otherwise than those of the cascade detector that the model's training faces follow; look at a few.
struct FaceFinder {
    /// The largest face of a camera's picture, nil where none is seen; in pixels of the upright picture, not mirrored.
    ///
    /// - Parameter rotation: degrees clockwise to upright.
    func largest(in picture: CVPixelBuffer, rotation: Int) throws -> FaceBox? {
        let handler = VNImageRequestHandler(cvPixelBuffer: picture, orientation: try orientation(rotation), options: [:])
        let size = (CVPixelBufferGetWidth(picture), CVPixelBufferGetHeight(picture))
        return try largest(handler, stored: size, rotation: rotation)
    }

    /// The same of a decoded picture.
    func largest(in picture: CGImage, rotation: Int) throws -> FaceBox? {
        let handler = VNImageRequestHandler(cgImage: picture, orientation: try orientation(rotation), options: [:])
        return try largest(handler, stored: (picture.width, picture.height), rotation: rotation)
    }

    private func largest(
        _ handler: VNImageRequestHandler, stored: (width: Int, height: Int), rotation: Int
    ) throws -> FaceBox? {
        let request = VNDetectFaceRectanglesRequest()
        try handler.perform([request])
        let isSwapped = rotation == 90 || rotation == 270
        let (width, height) = isSwapped ? (stored.height, stored.width) : (stored.width, stored.height)
        let boxes = (request.results ?? []).map { face -> FaceBox in
            let found = face.boundingBox
            return FaceBox(
                vision: Double(found.origin.x), Double(found.origin.y), Double(found.size.width), Double(found.size.height),
                imageWidth: width, imageHeight: height)
        }
        return boxes.max { ($0.x1 - $0.x0) * ($0.y1 - $0.y0) < ($1.x1 - $1.x0) * ($1.y1 - $1.y0) }
    }

    /// How Vision calls a picture that must be turned clockwise by these degrees.
    private func orientation(_ rotation: Int) throws -> CGImagePropertyOrientation {
        switch rotation {
        case 0: return .up
        case 90: return .right
        case 180: return .down
        case 270: return .left
        default: throw FrameError("rotation is \(rotation); allowed: 0, 90, 180, 270", .rotation)
        }
    }
}
#endif
