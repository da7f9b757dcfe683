#if canImport(SwiftUI) && canImport(UIKit) && canImport(FerEdgeCoreML)
import AVFoundation
import FerEdgeCore
import Foundation
import SwiftUI
import UIKit

/// The camera's picture, and below it what the face shows.
///
///     WindowGroup { EmotionCameraView(bundle: Bundle.main.url(forResource: "bundle", withExtension: nil)!) }
///
/// The app's Info.plist needs `NSCameraUsageDescription`. Never compiled against Apple's own frameworks: no Mac was at hand.
@available(iOS 17, *)
public struct EmotionCameraView: View {
    @StateObject private var feed = CameraFeed()
    @State private var preview = PreviewView()
    private let bundle: URL

    /// - Parameter bundle: the folder that `fer-export` wrote.
    public init(bundle: URL) { self.bundle = bundle }

    public var body: some View {
        ZStack(alignment: .bottom) {
            CameraPreview(view: preview, feed: feed).ignoresSafeArea()
            AnswerView(state: feed.state).padding()
        }
        .task { await feed.start(bundle: bundle, preview: preview.previewLayer) }
        .onDisappear { feed.stop() }
    }
}

/// The answer in words; a screen reader reads it as one element.
@available(iOS 17, *)
struct AnswerView: View {
    let state: CameraState

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            Text(title).font(.title)
            Text(detail).font(.body)
        }
        .padding()
        .background(.regularMaterial)
        .accessibilityElement(children: .combine)
    }

    private var title: String {
        switch state {
        case .starting: return "Starting"
        case .noFace: return "No face"
        case .face(let guesses): return guesses.first.map { "\($0.label) \(percent($0.probability))" } ?? ""
        case .problem: return "Not possible"
        }
    }

    private var detail: String {
        switch state {
        case .starting: return "The model is being checked."
        case .noFace: return "Look into the camera."
        case .face(let guesses): return guesses.dropFirst().map { "or \($0.label) \(percent($0.probability))" }.joined()
        case .problem(let sentence): return sentence
        }
    }

    private func percent(_ probability: Float) -> String { "\(Int((100 * probability).rounded())) %" }
}

/// The session's picture.
@available(iOS 17, *)
struct CameraPreview: UIViewRepresentable {
    let view: PreviewView
    let feed: CameraFeed

    func makeUIView(context: Context) -> PreviewView {
        view.previewLayer.session = feed.session
        view.previewLayer.videoGravity = .resizeAspectFill
        return view
    }

    func updateUIView(_ view: PreviewView, context: Context) {}
}

/// A view whose layer is the preview.
final class PreviewView: UIView {
    override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }

    var previewLayer: AVCaptureVideoPreviewLayer { layer as! AVCaptureVideoPreviewLayer }
}
#endif
