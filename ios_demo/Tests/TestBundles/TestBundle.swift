import Foundation

@testable import FerEdgeCore

/// A bundle on disk, sound at first, with a Core ML package that holds metadata only; tests spoil one thing of it.
public final class TestBundle {
    public let folder: URL
    public let contract: String
    public let package = "tiny-fp16.mlpackage"
    public var model: String { "\(package)/Data/com.apple.CoreML/model.mlmodel" }

    public init(contract: String) throws {
        self.contract = contract
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("fer-edge-\(UUID().uuidString)")
        try put(model, Self.coreML(contract))
        try put(
            "\(package)/Manifest.json",
            Data(#"{"itemInfoEntries":{"A":{"path":"com.apple.CoreML/model.mlmodel"}},"rootModelIdentifier":"A"}"#.utf8))
        try put("\(package).contract.json", Data(contract.utf8))
        try put("labels.txt", Data("neutral\nhappiness\n".utf8))
        // No two bundles are the same: what is kept of one is no other's.
        try put("golden/a.json", Data("{\"name\":\"\(UUID().uuidString)\"}".utf8))
        try seal()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    public func url(_ path: String) -> URL { folder.appendingPathComponent(path) }

    public func put(_ path: String, _ data: Data) throws {
        let place = url(path)
        try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: place)
    }

    /// Fields of protobuf: Model.description 2, its metadata 100, that one's userDefined 100 with key 1 and value 2.
    public static func coreML(_ contract: String?) -> Data {
        let entry = contract.map { field(100, field(1, Data("fer_edge_contract".utf8)) + field(2, Data($0.utf8))) }
        return Data([8, 7]) + field(2, field(100, field(1, Data("a description".utf8)) + (entry ?? Data())))
    }

    private static func field(_ number: Int, _ data: Data) -> Data { varint(number << 3 | 2) + varint(data.count) + data }

    private static func varint(_ value: Int) -> Data {
        value < 128 ? Data([UInt8(value)]) : Data([UInt8(value & 127 | 128)]) + varint(value >> 7)
    }

    /// Writes the manifest of the files as they are now.
    public func seal(_ edit: (String) -> String = { $0 }) throws {
        let found = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        let files = try found.sorted().filter { $0 != "manifest.json" }.compactMap { path -> String? in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url(path).path, isDirectory: &isFolder), !isFolder.boolValue else {
                return nil
            }
            let data = try Data(contentsOf: url(path))
            return #""\#(path)":{"sha256":"\#(SHA256.hash(data))","bytes":\#(data.count)}"#
        }
        let escaped = contract.replacingOccurrences(of: "\"", with: "\\\"")
        let parity =
            #"{"verdict":"not-run","reason":"no engine","engine":null,"inputs":null,"max_abs":null,"#
            + #""mean_abs":null,"top1_agreement":null,"limit":null}"#
        let artifact =
            #"{"variant":"coreml-fp16","format":"coreml","precision":"fp16","interface":"tensor","path":"\#(package)","#
            + #""bytes":1,"contract":"\#(escaped)","parity":\#(parity),"weight_audit":null,"accuracy":null,"#
            + #""calibration":null}"#
        let manifest =
            #"{"schema":"fer-edge-manifest/1","model":"tiny","source":{"arch":"tiny","checkpoint_sha256":"#
            + #""\#(String(repeating: "0", count: 64))"},"files":{\#(files.joined(separator: ","))},"#
            + #""artifacts":[\#(artifact)],"skipped":[{"variant":"tflite-fp32","reason":"not asked for"}],"#
            + #""tools":{"torch":"2"},"extra":{"anything":[1,{}]}}"#
        try put("manifest.json", Data(edit(manifest).utf8))
    }
}
