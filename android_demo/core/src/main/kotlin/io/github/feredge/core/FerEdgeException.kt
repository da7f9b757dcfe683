package io.github.feredge.core

/**
 * Everything that this library throws on purpose, in one tree:
 *
 * ```
 * FerEdgeException
 * +-- DocumentException   a contract, manifest or golden case breaks its schema
 * |   +-- NotJson  DuplicateKey  UnknownKey  MissingKey  WrongOrder  WrongSchema  WrongHash  IllegalValue
 * +-- BundleException     a bundle's files do not fit its manifest
 * |   +-- MissingFile  UnsafePath  WrongSize  WrongHash  ContractDiffers  UnknownVariant
 * +-- ModelException      an opened model does not fit its contract
 * |   +-- InputShape  InputType  LabelCount  OutputType  NotFinite
 * +-- EngineException     an engine or its accelerator cannot be had, or fails while it runs
 * +-- FrameException      camera bytes, strides, rotation or box do not fit together
 * ```
 *
 * Each message says what came, what is allowed and what to do; it can be shown to a person as it is.
 */
public sealed class FerEdgeException(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

/**
 * A contract, a manifest or a golden case is not what its schema allows.
 *
 * @property key where in the document, such as `input.width`; empty for the document itself.
 */
public sealed class DocumentException(
    message: String,
    public val key: String,
) : FerEdgeException(message) {
    /** Not UTF-8, not JSON, too long or too deep. */
    public class NotJson internal constructor(
        message: String,
    ) : DocumentException(message, "")

    /** An object names a member twice; readers would disagree about which one counts. */
    public class DuplicateKey internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)

    /** A member that this schema does not know. */
    public class UnknownKey internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)

    /** A member that this schema needs is not there. */
    public class MissingKey internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)

    /** The members are the right ones in another order, or blanks stand between them. */
    public class WrongOrder internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)

    /** Another schema or another version of it. */
    public class WrongSchema internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)

    /** The hash inside the document is not that of its bytes: it was changed after it was written. */
    public class WrongHash internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)

    /** A value of the wrong type, out of range, or in conflict with another one. */
    public class IllegalValue internal constructor(
        message: String,
        key: String,
    ) : DocumentException(message, key)
}

/**
 * The files of a bundle do not fit its manifest.
 *
 * @property path of the file inside the bundle, or the variant that was asked for.
 */
public sealed class BundleException(
    message: String,
    public val path: String,
) : FerEdgeException(message) {
    /** The manifest or a file that it lists cannot be opened. */
    public class MissingFile internal constructor(
        message: String,
        path: String,
    ) : BundleException(message, path)

    /** A path that could leave the bundle. */
    public class UnsafePath internal constructor(
        message: String,
        path: String,
    ) : BundleException(message, path)

    /** A file is longer or shorter than the manifest says. */
    public class WrongSize internal constructor(
        message: String,
        path: String,
    ) : BundleException(message, path)

    /** A file's bytes are not those that were exported. */
    public class WrongHash internal constructor(
        message: String,
        path: String,
    ) : BundleException(message, path)

    /** The contract beside an artifact, inside it and in the manifest are not the same text. */
    public class ContractDiffers internal constructor(
        message: String,
        path: String,
    ) : BundleException(message, path)

    /** The bundle has no such variant. */
    public class UnknownVariant internal constructor(
        message: String,
        path: String,
    ) : BundleException(message, path)
}

/** An opened model has other inputs or outputs than its contract says. */
public sealed class ModelException(
    message: String,
) : FerEdgeException(message) {
    /** The input's shape is not that of the contract. */
    public class InputShape internal constructor(
        message: String,
    ) : ModelException(message)

    /** The input's element type is not that of the contract. */
    public class InputType internal constructor(
        message: String,
    ) : ModelException(message)

    /** The output does not have one value a label. */
    public class LabelCount internal constructor(
        message: String,
    ) : ModelException(message)

    /** The output's element type cannot be read with the contract's quantization. */
    public class OutputType internal constructor(
        message: String,
    ) : ModelException(message)

    /** An answer is NaN or infinite. */
    public class NotFinite internal constructor(
        message: String,
    ) : ModelException(message)
}

/**
 * An engine or its accelerator cannot be had, fails while it runs, or answers otherwise than the original. Engines of other
 * people throw it too.
 */
public class EngineException(
    message: String,
    cause: Throwable? = null,
) : FerEdgeException(message, cause)

/** What of a camera frame was wrong. */
public enum class FramePart {
    /** The luma plane. */
    Y,

    /** The first chroma plane. */
    U,

    /** The second chroma plane. */
    V,

    /** The interleaved plane of RGBA_8888. */
    RGBA,

    /** A face box or its margin. */
    BOX,

    /** Degrees to upright. */
    ROTATION,

    /** Width, height or the length of a buffer. */
    SIZE,

    /** Row stride or pixel stride. */
    STRIDE,
}

/**
 * Camera bytes, strides, rotation or box do not fit together.
 *
 * @property part what of the frame was wrong.
 */
public class FrameException internal constructor(
    message: String,
    public val part: FramePart,
) : FerEdgeException(message)
