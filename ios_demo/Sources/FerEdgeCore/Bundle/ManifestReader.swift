import Foundation

/// The strict reader of `fer-edge-manifest`, every version; same rules as the Python one.
enum ManifestReader {
    static func read(_ data: Data) throws -> Manifest {
        let document = try JSONReader.read(Manifest.file, data, limit: Words.largestManifest)
        try json.schema(document, Manifest.schemas)
        let names = ["schema", "model", "source", "files", "artifacts", "skipped", "tools", "extra"]
        let found = try json.members(document, "", names)
        let schema = try json.choice(found["schema"], "schema", Manifest.schemas)
        let version = Manifest.schemas.firstIndex(of: schema)! + 1
        _ = try json.object(found["extra"], "extra")
        let files = try files(found["files"])
        let listed = Listed(files)
        let artifacts = try list(found["artifacts"], "artifacts") { try artifact($0, $1, listed, version) }
        try refuseRepeated(artifacts.map(\.variant), "each variant once")
        // One file must not pass as two precisions.
        try refuseRepeated(artifacts.map(\.path), "each path once")
        return Manifest(
            model: try json.string(found["model"], "model", most: short),
            source: try source(found["source"]),
            files: files,
            artifacts: artifacts,
            skipped: try list(found["skipped"], "skipped", skipped),
            tools: try mapping(found["tools"], "tools") { try json.string($0, $1) })
    }

    private static func list<Entry>(
        _ value: JSON?, _ key: String, _ read: (JSON, String) throws -> Entry
    ) throws -> [Entry] {
        try json.array(value, key, most: mostArtifacts).enumerated().map { try read($1, "\(key)[\($0)]") }
    }

    private static func refuseRepeated(_ values: [String], _ allowed: String) throws {
        var seen = Set<JSONText>()
        for value in values where !seen.insert(JSONText(value)).inserted {
            throw json.fault("artifacts", .string(JSONText(value)), allowed)
        }
    }

    private static func source(_ value: JSON?) throws -> Source {
        let found = try json.members(value, "source", ["arch", "checkpoint_sha256"])
        return Source(
            arch: try json.string(found["arch"], "source.arch"),
            checkpointSHA256: try json.sha256(found["checkpoint_sha256"], "source.checkpoint_sha256"))
    }

    private static func files(_ value: JSON?) throws -> [FileEntry] {
        let found = try json.object(value, "files")
        return try found.names.map { name in
            let path = try path(.string(name), "a path in files")
            if path == Manifest.file {
                throw json.fault("a path in files", .string(name), "every file but the manifest itself")
            }
            let key = "files[\(path)]"
            let members = try json.members(found[name], key, ["sha256", "bytes"])
            return FileEntry(
                path: path,
                sha256: try json.sha256(members["sha256"], "\(key).sha256"),
                bytes: try json.integer(members["bytes"], "\(key).bytes", 0...largestFile))
        }
    }

    /// A path that stays inside the bundle, in one spelling.
    private static func path(_ value: JSON?, _ key: String) throws -> String {
        let path = try json.string(value, key)
        guard isSafePath(path) else { throw json.fault(key, value, "a relative POSIX path that stays inside the bundle") }
        return path
    }

    static func isSafePath(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.allSatisfy { part in !["", ".", ".."].contains { part.elementsEqual($0.utf8) } }
            && !path.utf8.contains { "\\:*?\"<>|".utf8.contains($0) } && isPrintable(path)
    }

    private static func skipped(_ value: JSON, _ key: String) throws -> Skipped {
        let found = try json.members(value, key, ["variant", "reason"])
        return Skipped(
            variant: try json.string(found["variant"], "\(key).variant", most: short),
            reason: try json.string(found["reason"], "\(key).reason"))
    }

    private static func artifact(_ value: JSON, _ key: String, _ files: Listed, _ version: Int) throws -> Artifact {
        let words = ["variant", "format", "precision", "interface", "path", "bytes", "contract"]
        let checks = ["parity", "weight_audit", "accuracy", "calibration"] + (version >= 2 ? ["faithful"] : [])
        let found = try json.members(value, key, words + checks)
        let artifact = Artifact(
            variant: try json.string(found["variant"], "\(key).variant", most: short),
            format: try json.choice(found["format"], "\(key).format", Words.formats),
            precision: try json.choice(found["precision"], "\(key).precision", Words.precisions),
            kind: try json.choice(found["interface"], "\(key).interface"),
            path: try path(found["path"], "\(key).path"),
            bytes: try json.integer(found["bytes"], "\(key).bytes", 0...largestFile),
            contract: try json.string(found["contract"], "\(key).contract", most: contractLength),
            parity: try CheckReader.parity(found["parity"], "\(key).parity", version),
            faithful: version < 2 ? nil : try json.nullable(found["faithful"], "\(key).faithful", CheckReader.faithful),
            weightAudit: try json.nullable(found["weight_audit"], "\(key).weight_audit", CheckReader.weightAudit),
            accuracy: try json.nullable(found["accuracy"], "\(key).accuracy", CheckReader.accuracy),
            calibration: try json.nullable(found["calibration"], "\(key).calibration", CheckReader.calibration))
        try check(artifact, key, files)
        return artifact
    }

    private static func check(_ artifact: Artifact, _ key: String, _ files: Listed) throws {
        let image = artifact.kind == .image ? "-image" : ""
        let name = "\(artifact.format)-\(artifact.precision)\(image)"
        let pair = "\(artifact.format)-\(artifact.precision)"
        let isNamed = artifact.variant == name || artifact.variant == "\(name)-qio" && Words.quantizedIO.contains(pair)
        guard isNamed else { throw json.fault("\(key).variant", .string(JSONText(artifact.variant)), name) }
        let ending = Words.extensions[artifact.format]!
        guard artifact.path.utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8) else {
            throw json.fault("\(key).path", .string(JSONText(artifact.path)), "a path that ends with \(ending)")
        }
        guard files.holds(artifact.path) else {
            throw json.fault("\(key).path", .string(JSONText(artifact.path)), "a path that is listed under files")
        }
    }

    static func mapping<Value>(
        _ value: JSON?, _ key: String, _ read: (JSON?, String) throws -> Value
    ) throws -> [String: Value] {
        let found = try json.object(value, key)
        var values: [String: Value] = [:]
        for name in found.names {
            let text = try json.string(.string(name), "a name in \(key)")
            values[text] = try read(found[name], "\(key).\(text)")
        }
        return values
    }
}

/// Paths of files, and of the folders that they lie in.
private struct Listed {
    private var paths = Set<JSONText>()

    init(_ files: [FileEntry]) {
        for file in files {
            let bytes = Array(file.path.utf8)
            paths.insert(JSONText(bytes: bytes))
            for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "/") {
                paths.insert(JSONText(bytes: Array(bytes[..<place])))
            }
        }
    }

    func holds(_ path: String) -> Bool { paths.contains(JSONText(path)) }
}

let manifestJSON = StrictJSON(what: Manifest.file)
private let json = manifestJSON
private let largestFile = 1 << 40
private let short = 100
private let contractLength = 1 << 20
private let mostArtifacts = 1000
