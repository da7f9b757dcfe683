import Foundation

public typealias FlutterResult = (Any?) -> Void

public protocol FlutterBinaryMessenger: AnyObject {}

public struct FlutterMethodCall {
    public let method: String
    public let arguments: Any?

    public init(method: String, arguments: Any?) { (self.method, self.arguments) = (method, arguments) }
}

public class FlutterError {
    public let message: String?

    public init(code: String, message: String?, details: Any?) { self.message = message }
}

public let FlutterMethodNotImplemented = NSObject()

public class FlutterMethodChannel {
    public static var handler: ((FlutterMethodCall, @escaping FlutterResult) -> Void)?

    public init(name: String, binaryMessenger messenger: FlutterBinaryMessenger) {}

    public func setMethodCallHandler(_ handler: ((FlutterMethodCall, @escaping FlutterResult) -> Void)?) {
        Self.handler = handler
    }
}
