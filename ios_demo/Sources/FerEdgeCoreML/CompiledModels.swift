#if canImport(CoreML)
import CoreML
import FerEdgeCore
import Foundation

/// Packages that Core ML has compiled on this device, kept from start to start.
enum CompiledModels {
    /// Where the compiled package lies; compiled at the first call for a key.
    ///
    /// - Parameter key: another one for each bundle and variant; the system may delete what is kept under it.
    static func compiled(_ loaded: LoadedArtifact, key: String) async throws -> URL {
        let files = FileManager.default
        let caches = try files.url(for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        let folder = caches.appendingPathComponent("fer-edge", isDirectory: true)
        let kept = folder.appendingPathComponent("\(key).mlmodelc", isDirectory: true)
        if files.fileExists(atPath: kept.path) { return kept }
        let made = try await MLModel.compileModel(at: loaded.url)
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            try files.moveItem(at: made, to: kept)
        } catch {
            // Another caller was first, or there is no room: this start takes what was made.
            return files.fileExists(atPath: kept.path) ? kept : made
        }
        return kept
    }
}
#endif
