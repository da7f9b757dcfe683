import CoreVideo
import FerEdgeCore
import FerEdgeCoreML
import Foundation

/// iOS 16 and newer, int8 17; the bundle's folder is added to the app as a folder (Xcode: "Create folder references").
final class Emotions {
    private let fer: FerEdge

    init() async throws {
        let folder = Bundle.main.url(forResource: "bundle", withExtension: nil)!
        fer = try await FerEdge.create(bundle: folder, variant: "coreml-fp16")
    }

    /// Likeliest first; nil: no face is seen. `picture`: 420f or BGRA; `rotation`: degrees clockwise to upright.
    func read(_ picture: CVPixelBuffer, rotation: Int) throws -> [Guess]? {
        try fer.analyze(picture, rotation: rotation)?.prediction.top(2)
    }
}
