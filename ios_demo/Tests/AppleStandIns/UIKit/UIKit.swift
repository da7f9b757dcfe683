import CoreGraphics
import Foundation

open class CALayer: NSObject {
    public override required init() {}
}

@MainActor
open class UIView: NSObject {
    open class var layerClass: AnyClass { CALayer.self }

    public private(set) lazy var layer: CALayer = (Self.layerClass as! CALayer.Type).init()

    public override nonisolated init() {}
}

public class UIImage: NSObject {
    public enum Orientation: Int {
        case up
        case down
        case left
        case right
        case upMirrored
        case downMirrored
        case leftMirrored
        case rightMirrored
    }

    /// What a test says lies in a file.
    public static var file: (String) -> (CGImage, Orientation)? = { _ in nil }

    public let cgImage: CGImage?
    public let imageOrientation: Orientation

    public init?(contentsOfFile path: String) {
        guard let (image, orientation) = Self.file(path) else { return nil }
        (cgImage, imageOrientation) = (image, orientation)
    }
}
