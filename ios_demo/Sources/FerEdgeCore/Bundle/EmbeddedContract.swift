import Foundation

/// The contract inside a model file or package. Every offset is checked against the file, which has been hashed before.
enum EmbeddedContract {
    /// Its text, nil if the file has none.
    ///
    /// - Throws: `BundleError`, a file is missing or changed, of another format, or its structure is broken.
    static func find(in artifact: Artifact, of bundle: ModelBundle) throws -> String? {
        let fault = BundleError(
            "\(artifact.path) is no \(artifact.format) file: an offset leads out of it; export it again", .contractDiffers,
            path: artifact.path)
        do {
            switch artifact.format {
            case "coreml": return try coreML(artifact, bundle)
            case "onnx": return try onnx(ProtobufMessage(bytes: Bytes(bundle.read(artifact.path))))
            case "tflite": return try tfLite(Bytes(bundle.read(artifact.path)))
            case "executorch": return try executorch(Bytes(bundle.read(artifact.path)))
            default:
                throw BundleError(
                    "\(artifact.variant) is no model for iOS; allowed: a coreml, tflite, onnx or executorch variant",
                    .contractDiffers, path: artifact.path)
            }
        } catch is BrokenFile {
            throw fault
        }
    }

    /// User metadata of the package's root model. Fields (`Model.proto` of coremltools): Model.description 2,
    /// ModelDescription.metadata 100, Metadata.userDefined 100, a map: key 1, value 2.
    private static func coreML(_ artifact: Artifact, _ bundle: ModelBundle) throws -> String? {
        let root = try rootModel(artifact, bundle)
        for path in bundle.paths(of: artifact) where path != root { try bundle.check(path) }
        let model = ProtobufMessage(bytes: Bytes(try bundle.read(root)))
        var found: String?
        for description in try model.blocks(2) {
            for metadata in try description.blocks(100) {
                if let text = try metadata.entry(of: 100, Words.contractKey) { found = text }
            }
        }
        return found
    }

    /// The protobuf file of a package, as its `Manifest.json` names it.
    private static func rootModel(_ artifact: Artifact, _ bundle: ModelBundle) throws -> String {
        let name = "\(artifact.path)/Manifest.json"
        let document = try JSONReader.read(name, try bundle.read(name), limit: Words.largestManifest)
        guard case .object(let members) = document,
            case .string(let root)? = members["rootModelIdentifier"],
            case .object(let items)? = members["itemInfoEntries"],
            case .object(let item)? = items[root],
            case .string(let path)? = item["path"]
        else {
            throw BundleError("\(name) names no root model; export it again", .contractDiffers, path: artifact.path)
        }
        return "\(artifact.path)/Data/\(path.text)"
    }

    /// `ModelProto.metadata_props` is field 14; its entries have key 1 and value 2 (`onnx.proto`).
    private static func onnx(_ model: ProtobufMessage) throws -> String? { try model.entry(of: 14, Words.contractKey) }

    /// The metadata buffer. Fields (`schema.fbs` of TensorFlow Lite): Model.buffers 4, Model.metadata 6; Metadata.name 0,
    /// Metadata.buffer 1; Buffer.data 0, Buffer.offset 1, Buffer.size 2.
    private static func tfLite(_ data: Bytes) throws -> String? {
        let model = FlatTable(bytes: data, position: Int(try data.uint32(0)))
        for entry in try model.tables(6) where try entry.text(0) == Words.contractKey {
            let buffers = try model.tables(4)
            let index = try entry.place(1).map { Int(try data.uint32($0)) } ?? 0
            guard index < buffers.count else { throw BrokenFile() }
            let buffer = buffers[index]
            if let text = try buffer.text(0), !text.isEmpty { return text }
            // Large files keep them behind the flatbuffer, at an offset.
            let offset = try buffer.place(1).map { try data.uint64($0) } ?? 0
            let size = try buffer.place(2).map { try data.uint64($0) } ?? 0
            return try data.text(offset, size)
        }
        return nil
    }

    /// The string that the method of this name returns. Fields (`program.fbs` of ExecuTorch): Program.execution_plan 1;
    /// ExecutionPlan.name 0, values 2, outputs 4; EValue.val 0 (its type) and 1; String is type 6, String.string_val 0.
    private static func executorch(_ data: Bytes) throws -> String? {
        let program = FlatTable(bytes: data, position: Int(try data.uint32(0)))
        for plan in try program.tables(1) where try plan.text(0) == Words.contractKey {
            guard let outputs = try plan.vector(4), outputs.count > 0 else { throw BrokenFile() }
            let (index, values) = (Int(try data.uint32(outputs.start)), try plan.tables(2))
            guard index < values.count, let type = try values[index].place(0), try data.byte(type) == 6,
                let string = try values[index].place(1)
            else { throw BrokenFile() }
            return try FlatTable(bytes: data, position: data.followed(string)).text(0)
        }
        return nil
    }
}
