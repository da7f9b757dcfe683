#if canImport(AVFoundation) && canImport(UIKit) && canImport(FerEdgeCoreML)
import AVFoundation
import Combine
import CoreMedia
import CoreVideo
import FerEdgeCore
import FerEdgeCoreML
import Foundation

/// What the screen shows.
public enum CameraState: Equatable, Sendable {
    case starting
    case noFace
    /// Most probable first.
    case face([Guess])
    /// A sentence for people.
    case problem(String)
}

/// The front camera's pictures, one at a time through the model; the last answer, steadied.
///
/// Pictures and model live on one queue, the state on the main thread. The session stops while the app is in the background by itself.
/// Never compiled against Apple's own frameworks: no Mac was at hand.
@available(iOS 17, *)
public final class CameraFeed: NSObject, ObservableObject, AVCaptureVideoDataOutputSampleBufferDelegate, @unchecked Sendable {
    /// For the screen.
    @Published public private(set) var state = CameraState.starting
    /// For the preview.
    public let session = AVCaptureSession()

    private let queue = DispatchQueue(label: "fer-edge.camera")
    private var fer: FerEdge?
    private var smoother: ProbabilitySmoother?
    private var rotation: AVCaptureDevice.RotationCoordinator?

    /// Asks for the camera, opens the bundle and starts.
    ///
    /// - Parameters:
    ///   - bundle: its folder.
    ///   - preview: the layer that shows the session, so that its rotation is known.
    public func start(bundle: URL, preview: AVCaptureVideoPreviewLayer) async {
        do {
            guard await AVCaptureDevice.requestAccess(for: .video) else {
                return show(.problem("The camera is not allowed. Settings, Privacy, Camera changes that."))
            }
            let fer = try await FerEdge.create(bundle: bundle)
            try queue.sync {
                self.fer = fer
                smoother = ProbabilitySmoother(labels: fer.contract.labels.count)
                try configure(preview)
                session.startRunning()
            }
        } catch {
            show(.problem(error.localizedDescription))
        }
    }

    /// Lets go of the camera.
    public func stop() {
        queue.async { self.session.stopRunning() }
    }

    /// On the queue.
    private func configure(_ preview: AVCaptureVideoPreviewLayer) throws {
        guard session.inputs.isEmpty else { return }
        guard let camera = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .front) else {
            throw FrameError("size of the picture is 0x0: this device has no front camera", .size)
        }
        session.beginConfiguration()
        defer { session.commitConfiguration() }
        session.sessionPreset = .vga640x480
        session.addInput(try AVCaptureDeviceInput(device: camera))
        let output = AVCaptureVideoDataOutput()
        // The system converts by the matrix of the camera's own format, whichever that is.
        output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]
        output.alwaysDiscardsLateVideoFrames = true
        output.setSampleBufferDelegate(self, queue: queue)
        session.addOutput(output)
        if let connection = output.connection(with: .video) {
            // The contract says whether the model wants mirrored faces; the camera path does that.
            connection.automaticallyAdjustsVideoMirroring = false
            connection.isVideoMirrored = false
        }
        rotation = AVCaptureDevice.RotationCoordinator(device: camera, previewLayer: preview)
    }

    /// On the queue; a picture that comes meanwhile is dropped by the output.
    public func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from connection: AVCaptureConnection
    ) {
        guard let fer, let picture = CMSampleBufferGetImageBuffer(sampleBuffer) else { return }
        do {
            // Buffers come as the sensor lies; the coordinator's angle makes them level, in steps of 90 degrees.
            let degrees = Int(rotation?.videoRotationAngleForHorizonLevelCapture ?? 0)
            guard let face = try fer.analyze(picture, rotation: degrees) else {
                smoother?.reset()
                return show(.noFace)
            }
            let seconds = CMTimeGetSeconds(CMSampleBufferGetPresentationTimeStamp(sampleBuffer))
            let steady = smoother?.update(face.prediction.probabilities, timestampNanos: Int64(seconds * 1e9)) ?? []
            show(.face(Prediction(labels: fer.contract.labels, probabilities: steady).top(2)))
        } catch {
            show(.problem(error.localizedDescription))
        }
    }

    private func show(_ state: CameraState) {
        DispatchQueue.main.async { if self.state != state { self.state = state } }
    }
}
#endif
