import CoreVideo
import Foundation

public struct CMTime {
    public var seconds: Double

    public init(seconds: Double) { self.seconds = seconds }
}

public class CMSampleBuffer {
    fileprivate let buffer: CVImageBuffer?
    fileprivate let time: CMTime

    public init(_ buffer: CVImageBuffer?, time: CMTime) { (self.buffer, self.time) = (buffer, time) }
}

public func CMSampleBufferGetImageBuffer(_ sbuf: CMSampleBuffer) -> CVImageBuffer? { sbuf.buffer }
public func CMSampleBufferGetPresentationTimeStamp(_ sbuf: CMSampleBuffer) -> CMTime { sbuf.time }
public func CMTimeGetSeconds(_ time: CMTime) -> Double { time.seconds }
