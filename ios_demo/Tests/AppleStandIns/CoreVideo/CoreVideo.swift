import Foundation

public typealias OSType = UInt32
public typealias CVReturn = Int32
public typealias CFTypeRef = AnyObject
public typealias CFString = NSString

public let kCVReturnSuccess: CVReturn = 0
public let kCVPixelFormatType_32BGRA: OSType = 0x4247_5241
public let kCVPixelFormatType_420YpCbCr8BiPlanarFullRange: OSType = 0x3432_3066
public let kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange: OSType = 0x3432_3076
/// A `CFString` at Apple; only its bridged form is used.
public let kCVPixelBufferPixelFormatTypeKey = "PixelFormatType"
public let kCVImageBufferYCbCrMatrixKey: CFString = NSString(string: "CVImageBufferYCbCrMatrix")
public let kCVImageBufferYCbCrMatrix_ITU_R_601_4: CFString = NSString(string: "ITU_R_601_4")
public let kCVImageBufferYCbCrMatrix_ITU_R_709_2: CFString = NSString(string: "ITU_R_709_2")

public struct CVPixelBufferLockFlags: OptionSet {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let readOnly = CVPixelBufferLockFlags(rawValue: 1)
}

public enum CVAttachmentMode: UInt32 {
    case shouldNotPropagate
    case shouldPropagate
}

/// Memory that the test fills.
public class CVBuffer {
    public struct Plane {
        public var bytes: [UInt8]
        public var height: Int
        public var rowStride: Int

        public init(bytes: [UInt8], height: Int, rowStride: Int) {
            (self.bytes, self.height, self.rowStride) = (bytes, height, rowStride)
        }
    }

    public var attachments: [CFString: CFTypeRef] = [:]
    public private(set) var locks = 0
    fileprivate let width: Int
    fileprivate let height: Int
    fileprivate let format: OSType
    fileprivate var planes: [(memory: UnsafeMutableRawBufferPointer, height: Int, rowStride: Int)]

    public init(width: Int, height: Int, format: OSType, planes: [Plane]) {
        (self.width, self.height, self.format) = (width, height, format)
        self.planes = planes.map { plane in
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: plane.rowStride * plane.height, alignment: 16)
            memory.copyBytes(from: plane.bytes.prefix(memory.count))
            return (memory, plane.height, plane.rowStride)
        }
    }

    deinit { planes.forEach { $0.memory.deallocate() } }

    fileprivate func lock(_ change: Int) { locks += change }
}

public typealias CVImageBuffer = CVBuffer
public typealias CVPixelBuffer = CVImageBuffer

@discardableResult
public func CVPixelBufferLockBaseAddress(_ pixelBuffer: CVPixelBuffer, _ lockFlags: CVPixelBufferLockFlags) -> CVReturn {
    pixelBuffer.lock(1)
    return kCVReturnSuccess
}

@discardableResult
public func CVPixelBufferUnlockBaseAddress(_ pixelBuffer: CVPixelBuffer, _ unlockFlags: CVPixelBufferLockFlags) -> CVReturn {
    pixelBuffer.lock(-1)
    return kCVReturnSuccess
}

public func CVPixelBufferGetWidth(_ pixelBuffer: CVPixelBuffer) -> Int { pixelBuffer.width }
public func CVPixelBufferGetHeight(_ pixelBuffer: CVPixelBuffer) -> Int { pixelBuffer.height }
public func CVPixelBufferGetPixelFormatType(_ pixelBuffer: CVPixelBuffer) -> OSType { pixelBuffer.format }
public func CVPixelBufferGetBytesPerRow(_ pixelBuffer: CVPixelBuffer) -> Int { pixelBuffer.planes[0].rowStride }

public func CVPixelBufferGetBaseAddress(_ pixelBuffer: CVPixelBuffer) -> UnsafeMutableRawPointer? {
    pixelBuffer.planes[0].memory.baseAddress
}

public func CVPixelBufferGetBytesPerRowOfPlane(_ pixelBuffer: CVPixelBuffer, _ planeIndex: Int) -> Int {
    pixelBuffer.planes[planeIndex].rowStride
}

public func CVPixelBufferGetHeightOfPlane(_ pixelBuffer: CVPixelBuffer, _ planeIndex: Int) -> Int {
    pixelBuffer.planes[planeIndex].height
}

public func CVPixelBufferGetBaseAddressOfPlane(
    _ pixelBuffer: CVPixelBuffer, _ planeIndex: Int
) -> UnsafeMutableRawPointer? {
    pixelBuffer.planes[planeIndex].memory.baseAddress
}

public func CVBufferCopyAttachment(
    _ buffer: CVBuffer, _ key: CFString, _ attachmentMode: UnsafeMutablePointer<CVAttachmentMode>?
) -> CFTypeRef? {
    buffer.attachments[key]
}

public func CFEqual(_ one: CFTypeRef?, _ other: CFTypeRef?) -> Bool { (one as? NSObject) == (other as? NSObject) }
