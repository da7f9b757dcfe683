import Foundation

/// A model file or package that was compared with its bundle, and its contract.
public struct LoadedArtifact: Sendable {
    /// Its entry in the manifest.
    public let artifact: Artifact
    /// What it needs and answers.
    public let contract: Contract
    /// Where it lies.
    public let url: URL
}

/// A bundle as `fer-export` wrote it. Nothing of it is handed out before its size and hash were compared.
public struct ModelBundle: Sendable {
    /// Strictly read.
    public let manifest: Manifest
    /// Of the manifest's bytes: the bundle's own hash.
    public let sha256: String
    private let folder: BundleFolder
    private let entries: [JSONText: FileEntry]

    /// Reads a bundle's manifest.
    ///
    /// - Parameter folder: of the bundle, such as `Bundle.main.url(forResource: "bundle", withExtension: nil)`.
    /// - Throws: `BundleError`, no manifest; `DocumentError`, it is not of the schema.
    public init(folder: URL) throws {
        self.folder = BundleFolder(url: folder)
        var data = Data()
        let limit = Words.largestManifest
        let size = try self.folder.read(Manifest.file, limit: limit) { data.append($0) }
        guard size <= limit else {
            throw BundleError(
                "\(Manifest.file) has more than \(limit) bytes, so it is none of ours; export again", .wrongSize,
                path: Manifest.file)
        }
        manifest = try Manifest.parse(data)
        sha256 = SHA256.hash(data)
        entries = Dictionary(uniqueKeysWithValues: manifest.files.map { (JSONText($0.path), $0) })
    }

    /// Names of the variants in the manifest's order.
    public var variants: [String] { manifest.artifacts.map(\.variant) }

    /// Paths of the golden cases, sorted.
    public var goldenPaths: [String] {
        manifest.files.map(\.path).filter { $0.hasPrefix("golden/") && $0.hasSuffix(".json") }.sorted()
    }

    /// The artifact of a variant.
    ///
    /// - Throws: `BundleError`, the bundle has none.
    public func artifact(_ variant: String) throws -> Artifact {
        if let found = manifest.artifacts.first(where: { $0.variant == variant }) { return found }
        let skipped = manifest.skipped.first { $0.variant == variant }
        let why = skipped.map { " (skipped at export: \($0.reason))" } ?? ""
        let known = variants.isEmpty ? "none" : variants.joined(separator: ", ")
        throw BundleError(
            "variant \(printed(variant)) is not in this bundle\(why); it has \(known)", .unknownVariant, path: variant)
    }

    /// A model and its contract, checked: sizes and hashes of its files and of the contract; the contract beside the model,
    /// the one in the manifest and the one inside the model are the same bytes.
    ///
    /// - Parameter variant: any but a TorchScript one.
    /// - Throws: `BundleError`, a file is missing or changed, the contracts differ, no such variant; `DocumentError`, the
    ///   contract is not legal.
    public func load(_ variant: String) throws -> LoadedArtifact {
        let artifact = try artifact(variant)
        let contract = try contract(artifact)
        let inside = try EmbeddedContract.find(in: artifact, of: self)
        guard inside.map(JSONText.init) == JSONText(contract.text) else {
            throw BundleError(
                "\(artifact.path) holds \(inside == nil ? "no contract" : "another contract") than "
                    + "\(artifact.path)\(Words.contractSuffix); use the files of one export", .contractDiffers,
                path: artifact.path)
        }
        return LoadedArtifact(artifact: artifact, contract: contract, url: folder.url(of: artifact.path))
    }

    /// The contract of an artifact, without reading the model.
    ///
    /// - Throws: `BundleError`, its file is missing, changed or differs from the manifest's text; `DocumentError`, it is
    ///   not legal.
    public func contract(_ artifact: Artifact) throws -> Contract {
        let path = artifact.path + Words.contractSuffix
        let contract = try Contract.parse(artifact.contract)
        guard try read(path).elementsEqual(contract.text.utf8) else {
            throw BundleError(
                "\(path) differs from the contract of \(artifact.variant) in \(Manifest.file); use the files of one export",
                .contractDiffers, path: path)
        }
        guard contract.input.kind == artifact.kind else {
            throw BundleError(
                "\(artifact.variant) has the interface \(artifact.kind.rawValue), its contract says "
                    + "\(contract.input.kind.rawValue); export the bundle again", .contractDiffers, path: path)
        }
        return contract
    }

    /// A golden case of the bundle.
    ///
    /// - Parameter path: one of `goldenPaths`.
    /// - Throws: `BundleError`, the file is missing or changed; `DocumentError`, it is not of the schema.
    public func golden(_ path: String) throws -> GoldenCase { try GoldenCase.parse(try read(path)) }

    /// A file, compared with its size and hash.
    ///
    /// - Parameter path: as in the manifest.
    /// - Throws: `BundleError`, not listed, missing or changed.
    public func read(_ path: String) throws -> Data {
        var found = Data()
        try copy(path) { found.append($0) }
        return found
    }

    /// Compares every listed file.
    ///
    /// - Returns: one sentence for each that is missing or changed; empty if all is well.
    public func faults() -> [String] {
        manifest.files.map(\.path).sorted().compactMap { path in
            do {
                try copy(path) { _ in }
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    /// The files of a package, or the one file.
    func paths(of artifact: Artifact) -> [String] {
        manifest.files.map(\.path).filter { $0 == artifact.path || $0.hasPrefix(artifact.path + "/") }
    }

    /// Compares files of a package without keeping them.
    func check(_ path: String) throws { try copy(path) { _ in } }

    /// Hands the file on piece by piece, never more than the manifest says, and compares size and hash.
    private func copy(_ path: String, _ take: (Data) -> Void) throws {
        let entry = try entry(path)
        var hash = SHA256()
        let size = try folder.read(path, limit: entry.bytes) { piece in
            piece.withUnsafeBytes { hash.update($0) }
            take(piece)
        }
        guard size == entry.bytes else {
            let found = size > entry.bytes ? "more than \(entry.bytes)" : "\(size)"
            throw BundleError(
                "\(path) has \(found) bytes, but \(Manifest.file) says \(entry.bytes); it was changed: export or copy it again",
                .wrongSize, path: path)
        }
        let found = hash.finished()
        guard found == entry.sha256 else {
            throw BundleError(
                "\(path) was changed: its SHA-256 is \(found), but \(Manifest.file) says \(entry.sha256); export or copy it again",
                .wrongHash, path: path)
        }
    }

    private func entry(_ path: String) throws -> FileEntry {
        guard ManifestReader.isSafePath(path) else {
            throw BundleError(
                "\(printed(path)) could leave the bundle; allowed: a path of \(Manifest.file)", .unsafePath, path: path)
        }
        guard let entry = entries[JSONText(path)] else {
            throw BundleError("\(path) is not listed in \(Manifest.file); export again", .missingFile, path: path)
        }
        guard entry.bytes <= largestFile else {
            throw BundleError("\(path) has \(entry.bytes) bytes; allowed: at most \(largestFile)", .wrongSize, path: path)
        }
        return entry
    }
}

private let largestFile = 1 << 30
