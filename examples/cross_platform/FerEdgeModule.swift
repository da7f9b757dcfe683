import Foundation
import React

@objc(FerEdge)
final class FerEdgeModule: NSObject {
    private let emotions = FileEmotions()

    @objc static func requiresMainQueueSetup() -> Bool { false }

    @objc(analyze:resolve:reject:)
    func analyze(_ path: String, resolve: @escaping RCTPromiseResolveBlock, reject: @escaping RCTPromiseRejectBlock) {
        Task {
            do {
                resolve(try await emotions.analyze(path: path))
            } catch {
                reject("fer-edge", error.localizedDescription, error)
            }
        }
    }
}
