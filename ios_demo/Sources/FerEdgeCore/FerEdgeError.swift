import Foundation

/// Everything that this library throws on purpose:
///
///     FerEdgeError
///     +-- DocumentError   a contract, manifest or golden case breaks its schema
///     +-- BundleError     a bundle's files do not fit its manifest
///     +-- ModelError      an opened model does not fit its contract
///     +-- FrameError      camera bytes, strides, rotation or box do not fit together
///
/// Each message says what came, what is allowed and what to do; it can be shown to a person as it is.
public protocol FerEdgeError: LocalizedError, CustomStringConvertible, Sendable {
    /// For people.
    var message: String { get }
}

extension FerEdgeError {
    public var errorDescription: String? { message }
    public var description: String { message }
}

/// Why a document was refused, as a word for programs.
public enum DocumentFault: String, Sendable {
    /// Not UTF-8, not JSON, too long or too deep.
    case notJSON = "not-json"
    /// An object names a member twice; readers would disagree about which one counts.
    case duplicateKey = "duplicate-key"
    /// A member that this schema does not know.
    case unknownKey = "unknown-key"
    /// A member that this schema needs is not there.
    case missingKey = "missing-key"
    /// The members are the right ones in another order, or blanks stand between them.
    case wrongOrder = "wrong-order"
    /// Another schema or another version of it.
    case wrongSchema = "wrong-schema"
    /// The hash inside the document is not that of its bytes: it was changed after it was written.
    case wrongHash = "wrong-hash"
    /// A value of the wrong type, out of range, or in conflict with another one.
    case illegalValue = "illegal-value"
}

/// A contract, a manifest or a golden case is not what its schema allows.
public struct DocumentError: FerEdgeError, Equatable {
    public let message: String
    /// For programs.
    public let code: DocumentFault
    /// Where in the document, such as `input.width`; empty for the document itself.
    public let key: String

    init(_ message: String, _ code: DocumentFault, key: String = "") {
        self.message = message
        self.code = code
        self.key = key
    }
}

/// Why a bundle was refused, as a word for programs.
public enum BundleFault: String, Sendable {
    /// The manifest or a file that it lists cannot be opened.
    case missingFile = "missing-file"
    /// A path that could leave the bundle.
    case unsafePath = "unsafe-path"
    /// A file is longer or shorter than the manifest says.
    case wrongSize = "wrong-size"
    /// A file's bytes are not those that were exported.
    case wrongHash = "wrong-hash"
    /// The contract beside an artifact, inside it and in the manifest are not the same text.
    case contractDiffers = "contract-differs"
    /// The bundle has no such variant.
    case unknownVariant = "unknown-variant"
}

/// The files of a bundle do not fit its manifest.
public struct BundleError: FerEdgeError, Equatable {
    public let message: String
    /// For programs.
    public let code: BundleFault
    /// Of the file inside the bundle, or the variant that was asked for.
    public let path: String

    /// Also for engines outside this library.
    public init(_ message: String, _ code: BundleFault, path: String) {
        self.message = message
        self.code = code
        self.path = path
    }
}

/// Why a model does not fit its contract, as a word for programs.
public enum ModelFault: String, Sendable {
    /// The input's shape is not that of the contract.
    case inputShape = "input-shape"
    /// The input's element type is not that of the contract.
    case inputType = "input-type"
    /// The output does not have one value a label.
    case labelCount = "label-count"
    /// The output's element type cannot be read with the contract's quantization.
    case outputType = "output-type"
    /// An answer is NaN or infinite.
    case notFinite = "not-finite"
    /// The contract inside the model is missing or another one.
    case contract = "contract"
}

/// An opened model has other inputs or outputs than its contract says, or answers with a number that is not finite.
public struct ModelError: FerEdgeError, Equatable {
    public let message: String
    /// For programs.
    public let code: ModelFault

    /// Also for engines outside this library.
    public init(_ message: String, _ code: ModelFault) {
        self.message = message
        self.code = code
    }
}

/// What of a camera frame was wrong.
public enum FramePart: String, Sendable {
    /// The luma plane.
    case y
    /// The first chroma plane, or the plane of both.
    case u
    /// The second chroma plane.
    case v
    /// The plane of RGBA bytes.
    case rgba
    /// The plane of BGRA bytes.
    case bgra
    /// A face box or its margin.
    case box
    /// Degrees to upright.
    case rotation
    /// Width, height or the length of a buffer.
    case size
    /// Row stride or pixel stride.
    case stride
    /// Pixel format.
    case format
}

/// Camera bytes, strides, rotation or box do not fit together.
public struct FrameError: FerEdgeError, Equatable {
    public let message: String
    /// What was wrong.
    public let part: FramePart

    /// Also for adapters outside this library.
    public init(_ message: String, _ part: FramePart) {
        self.message = message
        self.part = part
    }
}
