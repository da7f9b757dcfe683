import Foundation

/// How a check ended.
public enum Verdict: String, CaseIterable, Sendable {
    /// It ran and said yes.
    case pass = "pass"
    /// It ran and said no.
    case fail = "fail"
    /// It could not run; a reason is given.
    case notRun = "not-run"
}

/// The original that was exported.
public struct Source: Equatable, Sendable {
    /// A built-in architecture's name or `package.module:callable`.
    public let arch: String
    /// Of the file with its weights.
    public let checkpointSHA256: String
}

/// One file of the bundle.
public struct FileEntry: Equatable, Sendable {
    /// In the bundle, POSIX.
    public let path: String
    /// Of its bytes.
    public let sha256: String
    /// How many.
    public let bytes: Int
}

/// What parity allowed.
public struct ParityLimit: Equatable, Sendable {
    /// Largest absolute difference of a probability.
    public let maxAbs: Double
    /// Smallest share of inputs with the same first label, 0 to 1.
    public let top1Agreement: Double
}

/// Artifact against the PyTorch original on the same inputs.
public struct Parity: Equatable, Sendable {
    /// How it ended.
    public let verdict: Verdict
    /// Why it failed or was not run, else nil.
    public let reason: String?
    /// Library and version that ran the artifact.
    public let engine: String?
    /// How many were compared.
    public let inputs: Int?
    /// Largest absolute difference of a probability.
    public let maxAbs: Double?
    /// Mean absolute difference.
    public let meanAbs: Double?
    /// Share of inputs with the same first label, 0 to 1.
    public let top1Agreement: Double?
    /// What was allowed.
    public let limit: ParityLimit?
    /// Why it is no pass, as a word for programs; nil in version 1, and so are the three below.
    public let code: String?
    /// Which pictures were compared.
    public let inputsSource: String?
    /// Of the inputs' largest differences, the one that 99 % do not exceed.
    public let p99Abs: Double?
    /// 95 % interval of `top1Agreement`.
    public let agreementInterval: Interval?
}

/// Two ends.
public struct Interval: Equatable, Sendable {
    public let low: Double
    public let high: Double
}

/// Numbers of one kind that are stored in a file, each against what it must be.
public struct Tally: Equatable, Sendable {
    /// How it ended.
    public let verdict: Verdict
    /// How many.
    public let compared: Int
    /// How many of them are not what they must be.
    public let wrong: Int
    /// Largest distance from what it must be, in quantization steps.
    public let worst: Double?
}

/// The layer whose answers are furthest from the original's.
public struct WeakestLayer: Equatable, Sendable {
    /// Of PyTorch, or the file's own name where there is none.
    public let module: String
    /// Signal-to-noise ratio in decibels.
    public let snrDb: Double
}

/// Answers of a file's layers, against those of the original's.
public struct LayerAnswers: Equatable, Sendable {
    /// Layers that were compared.
    public let aligned: Int
    /// Layers of the file without one to compare with.
    public let unaligned: Int
    /// Where any was compared.
    public let weakest: WeakestLayer?
}

/// Whether a file is what its quantization of the original says it is, number by number.
public struct Faithful: Equatable, Sendable {
    /// How it ended.
    public let verdict: Verdict
    /// Why it is no pass, as a word for programs.
    public let code: String?
    /// Why it failed or was not run, else nil.
    public let reason: String?
    /// Weights, biases, tables and their scales.
    public let weights: Tally?
    /// Scales and zero points of activations.
    public let ranges: Tally?
    /// Where they were compared.
    public let layers: LayerAnswers?
}

/// Every weight read back from a package and compared with the source.
public struct WeightAudit: Equatable, Sendable {
    /// How it ended.
    public let verdict: Verdict
    /// How many were compared.
    public let tensors: Int
    /// Largest absolute difference.
    public let maxAbs: Double?
}

/// Original and artifact on labeled images.
public struct Accuracy: Equatable, Sendable {
    /// Which images.
    public let source: String
    /// How many.
    public let samples: Int
    /// The original's share of right answers, 0 to 1.
    public let reference: Double
    /// The artifact's.
    public let artifact: Double
    /// Of reference minus artifact.
    public let dropInterval: Interval?
    /// How it ended.
    public let verdict: Verdict
}

/// The images that activation ranges were measured on.
public struct Calibration: Equatable, Sendable {
    /// Which images.
    public let source: String
    /// Over them.
    public let sha256: String
    /// How many.
    public let images: Int
    /// How many of each label.
    public let classes: [String: Int]
}

/// One exported file or package.
public struct Artifact: Equatable, Sendable {
    /// Its name, `<format>-<precision>[-image][-qio]`.
    public let variant: String
    /// The first word of that.
    public let format: String
    /// The second.
    public let precision: String
    /// Tensor or image interface.
    public let kind: Interface
    /// In the bundle, POSIX; of a package, that of its folder.
    public let path: String
    /// Of the file, or of all files of the package.
    public let bytes: Int
    /// Its text.
    public let contract: String
    /// Against the original; its verdict is the worse of both questions, these answers and `faithful`.
    public let parity: Parity
    /// Number by number; nil where nobody asked, as in version 1.
    public let faithful: Faithful?
    /// Where it was made.
    public let weightAudit: WeightAudit?
    /// Where it was measured.
    public let accuracy: Accuracy?
    /// Where the precision needs it.
    public let calibration: Calibration?
}

/// A variant that was not written.
public struct Skipped: Equatable, Sendable {
    /// Its name.
    public let variant: String
    /// In words.
    public let reason: String
}

/// What a bundle holds and how it was checked; schema `fer-edge-manifest/2` or `/1`. Its member `extra` is not kept.
public struct Manifest: Equatable, Sendable {
    /// The schemas that this library reads.
    public static let schemas = Words.manifestSchemas
    /// The file's name in a bundle.
    public static let file = Words.manifestName

    /// The model's name.
    public let model: String
    /// The original.
    public let source: Source
    /// Every file but the manifest.
    public let files: [FileEntry]
    /// In table order.
    public let artifacts: [Artifact]
    /// Variants that were not written.
    public let skipped: [Skipped]
    /// Versions by name.
    public let tools: [String: String]

    /// Reads a manifest.
    ///
    /// - Parameter data: UTF-8 JSON, at most 16 MiB.
    /// - Throws: `DocumentError`, not of the schema, an unsafe path, or an artifact whose file is not listed.
    public static func parse(_ data: Data) throws -> Manifest { try ManifestReader.read(data) }
}
