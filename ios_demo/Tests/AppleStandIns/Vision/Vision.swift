import CoreGraphics
import CoreVideo
import Foundation
import ImageIO

public struct VNImageOption: RawRepresentable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
}

public class VNFaceObservation: NSObject {
    public let boundingBox: CGRect

    public init(boundingBox: CGRect) { self.boundingBox = boundingBox }
}

public class VNRequest: NSObject {}

public class VNDetectFaceRectanglesRequest: VNRequest {
    public var results: [VNFaceObservation]?
}

public class VNImageRequestHandler: NSObject {
    /// What a test says is seen.
    public static var seen: (CGImagePropertyOrientation) -> [VNFaceObservation] = { _ in [] }

    private let orientation: CGImagePropertyOrientation

    public init(
        cvPixelBuffer pixelBuffer: CVPixelBuffer, orientation: CGImagePropertyOrientation,
        options: [VNImageOption: Any] = [:]
    ) {
        self.orientation = orientation
    }

    public init(
        cgImage image: CGImage, orientation: CGImagePropertyOrientation, options: [VNImageOption: Any] = [:]
    ) {
        self.orientation = orientation
    }

    public func perform(_ requests: [VNRequest]) throws {
        for case let request as VNDetectFaceRectanglesRequest in requests { request.results = Self.seen(orientation) }
    }
}
