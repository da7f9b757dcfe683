import CoreMedia
import Foundation
import UIKit

public struct AVMediaType: RawRepresentable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let video = AVMediaType(rawValue: "vide")
}

public struct AVLayerVideoGravity: RawRepresentable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let resizeAspectFill = AVLayerVideoGravity(rawValue: "AVLayerVideoGravityResizeAspectFill")
}

public class AVCaptureDevice: NSObject {
    public struct DeviceType: RawRepresentable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static let builtInWideAngleCamera = DeviceType(rawValue: "builtInWideAngleCamera")
    }

    public enum Position: Int {
        case unspecified
        case back
        case front
    }

    public class RotationCoordinator: NSObject {
        public init(device: AVCaptureDevice, previewLayer: CALayer?) {}

        public var videoRotationAngleForHorizonLevelCapture: CGFloat { AVCaptureDevice.angle }
    }

    /// What a test says.
    public static var isAllowed = true
    public static var front: AVCaptureDevice? = AVCaptureDevice()
    public static var angle: CGFloat = 90

    public class func `default`(
        _ deviceType: DeviceType, for mediaType: AVMediaType?, position: Position
    ) -> AVCaptureDevice? {
        front
    }

    public class func requestAccess(for mediaType: AVMediaType) async -> Bool { isAllowed }
}

public class AVCaptureInput: NSObject {}

public class AVCaptureDeviceInput: AVCaptureInput {
    public init(device: AVCaptureDevice) throws {}
}

public class AVCaptureConnection: NSObject {
    public var automaticallyAdjustsVideoMirroring = true
    public var isVideoMirrored = true
}

public class AVCaptureOutput: NSObject {
    private let only = AVCaptureConnection()

    public func connection(with mediaType: AVMediaType) -> AVCaptureConnection? { only }
}

public protocol AVCaptureVideoDataOutputSampleBufferDelegate: NSObjectProtocol {
    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from connection: AVCaptureConnection)
}

public class AVCaptureVideoDataOutput: AVCaptureOutput {
    public var videoSettings: [String: Any]! = [:]
    public var alwaysDiscardsLateVideoFrames = false
    public private(set) weak var sampleBufferDelegate: AVCaptureVideoDataOutputSampleBufferDelegate?

    public func setSampleBufferDelegate(
        _ sampleBufferDelegate: AVCaptureVideoDataOutputSampleBufferDelegate?, queue: DispatchQueue?
    ) {
        self.sampleBufferDelegate = sampleBufferDelegate
    }
}

public class AVCaptureSession: NSObject {
    public struct Preset: RawRepresentable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static let vga640x480 = Preset(rawValue: "AVCaptureSessionPreset640x480")
    }

    public var sessionPreset = Preset(rawValue: "AVCaptureSessionPresetHigh")
    public private(set) var inputs: [AVCaptureInput] = []
    public private(set) var outputs: [AVCaptureOutput] = []
    public private(set) var isRunning = false

    public func addInput(_ input: AVCaptureInput) { inputs.append(input) }
    public func addOutput(_ output: AVCaptureOutput) { outputs.append(output) }
    public func beginConfiguration() {}
    public func commitConfiguration() {}
    public func startRunning() { isRunning = true }
    public func stopRunning() { isRunning = false }
}

public class AVCaptureVideoPreviewLayer: CALayer {
    public var session: AVCaptureSession?
    public var videoGravity = AVLayerVideoGravity(rawValue: "AVLayerVideoGravityResizeAspect")
}
