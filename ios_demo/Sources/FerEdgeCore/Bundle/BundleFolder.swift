import Foundation

/// The files of a bundle's folder: regular ones that no link stands before, and never more of them than was asked for.
struct BundleFolder: Sendable {
    let url: URL

    /// Where a file or package lies.
    func url(of path: String) -> URL { url.appendingPathComponent(path) }

    /// Hands a file to `take` piece by piece, and stops at the first piece that goes beyond `limit`.
    ///
    /// - Returns: how many bytes came, the piece too many included.
    /// - Throws: `BundleError`, the file cannot be opened.
    func read(_ path: String, limit: Int, _ take: (Data) -> Void) throws -> Int {
        try refuseLinks(path)
        do {
            let handle = try FileHandle(forReadingFrom: url(of: path))
            defer { try? handle.close() }
            var size = 0
            while let piece = try handle.read(upToCount: pieceLength), !piece.isEmpty {
                size += piece.count
                if size > limit { return size }
                take(piece)
            }
            return size
        } catch {
            throw missing(path, "it cannot be read")
        }
    }

    /// Also what is no file: opening a pipe would wait for ever.
    private func refuseLinks(_ path: String) throws {
        var place = url
        let parts = path.split(separator: "/")
        for (number, part) in parts.enumerated() {
            place.appendPathComponent(String(part))
            let found = try? FileManager.default.attributesOfItem(atPath: place.path)[.type] as? FileAttributeType
            let wanted = number == parts.count - 1 ? FileAttributeType.typeRegular : .typeDirectory
            guard found == wanted else {
                throw missing(path, found == .typeSymbolicLink ? "it is a link" : found == nil ? "it is not there" : "it is no file")
            }
        }
    }

    private func missing(_ path: String, _ why: String) -> BundleError {
        BundleError("\(printed(path)) cannot be opened (\(why)); copy the whole bundle", .missingFile, path: path)
    }
}

private let pieceLength = 1 << 16
