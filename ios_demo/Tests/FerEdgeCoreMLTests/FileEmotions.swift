import FerEdgeCoreML
import Foundation
import UIKit

/// Emotions in pictures' files, one at a time.
actor FileEmotions {
    private var fer: FerEdge?

    /// Of the largest face, by label; nil: no face.
    func analyze(path: String) async throws -> [String: Double]? {
        guard let image = UIImage(contentsOfFile: path), let picture = image.cgImage else {
            throw CocoaError(.fileReadCorruptFile)
        }
        if fer == nil { fer = try await FerEdge.create(bundle: Bundle.main.url(forResource: "bundle", withExtension: nil)!) }
        let degrees = [UIImage.Orientation.right: 90, .down: 180, .left: 270][image.imageOrientation] ?? 0
        guard let found = try fer?.analyze(picture, rotation: degrees)?.prediction else { return nil }
        return Dictionary(uniqueKeysWithValues: zip(found.labels, found.probabilities.map(Double.init)))
    }
}
