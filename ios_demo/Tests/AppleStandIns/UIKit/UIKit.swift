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
