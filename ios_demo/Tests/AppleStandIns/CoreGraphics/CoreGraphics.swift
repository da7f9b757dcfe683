@_exported import Foundation

public enum CGImageAlphaInfo: UInt32 {
    case none
    case premultipliedLast
    case premultipliedFirst
    case last
    case first
    case noneSkipLast
    case noneSkipFirst
    case alphaOnly
}

public struct CGBitmapInfo: OptionSet {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let byteOrder32Little = CGBitmapInfo(rawValue: 2 << 12)
}

public class CGColorSpace {
    public static let sRGB = NSString(string: "kCGColorSpaceSRGB")

    public init?(name: NSString) {}
}

/// B, G, R, A without gaps, as the test wrote it.
public class CGImage {
    public let width: Int
    public let height: Int
    fileprivate let bgra: [UInt8]

    public init(width: Int, height: Int, bgra: [UInt8]) { (self.width, self.height, self.bgra) = (width, height, bgra) }
}

public class CGContext {
    public let data: UnsafeMutableRawPointer?
    public let bytesPerRow: Int

    /// Only the layout that the library asks for, with sixteen bytes between rows.
    public init?(
        data: UnsafeMutableRawPointer?, width: Int, height: Int, bitsPerComponent: Int, bytesPerRow: Int,
        space: CGColorSpace, bitmapInfo: UInt32
    ) {
        guard data == nil, bitsPerComponent == 8, bytesPerRow == 0, bitmapInfo == 6 | 2 << 12 else { return nil }
        self.bytesPerRow = 4 * width + 16
        self.data = .allocate(byteCount: self.bytesPerRow * height, alignment: 16)
    }

    deinit { data?.deallocate() }

    public func draw(_ image: CGImage, in rect: CGRect) {
        for row in 0..<image.height {
            let bytes = image.bgra[4 * image.width * row..<4 * image.width * (row + 1)]
            data!.advanced(by: bytesPerRow * row).copyMemory(from: Array(bytes), byteCount: bytes.count)
        }
    }
}
