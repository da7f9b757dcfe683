import Flutter
import Foundation

/// In AppDelegate: `answerFlutter(on: controller.binaryMessenger)`.
func answerFlutter(on messenger: FlutterBinaryMessenger) {
    let emotions = FileEmotions()
    FlutterMethodChannel(name: "fer_edge", binaryMessenger: messenger).setMethodCallHandler { call, result in
        guard call.method == "analyze", let path = call.arguments as? String else {
            return result(FlutterMethodNotImplemented)
        }
        Task { @MainActor in
            do {
                result(try await emotions.analyze(path: path))
            } catch {
                result(FlutterError(code: "fer-edge", message: error.localizedDescription, details: nil))
            }
        }
    }
}
