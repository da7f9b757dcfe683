package io.github.feredge.android

import android.content.Context
import android.graphics.Bitmap
import android.media.Image
import io.github.feredge.android.bundle.InstalledBundle
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.Engines
import io.github.feredge.android.faces.BitmapFaces
import io.github.feredge.android.faces.FaceFinder
import io.github.feredge.android.faces.UprightFaces
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.android.model.OpenedModel
import io.github.feredge.core.EngineException
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox
import kotlinx.coroutines.flow.Flow
import java.io.Closeable

/**
 * What [FerEdge] is made of, beside the bundle.
 *
 * @property variant of the bundle; null: the first that the engines run.
 * @property accelerator where to run; where it fails or answers otherwise than the original, the CPU is taken.
 * @property threads of the CPU.
 * @property faces finds faces where no box is given: Android's own detector, or ML Kit's
 *   ([io.github.feredge.android.mlkit.MlKitFaces]).
 * @property mostFaces that are classified in one picture, the largest ones.
 * @property engines libraries that run models: those that the app has.
 */
public class FerOptions
    @JvmOverloads
    constructor(
        public val variant: String? = null,
        public val accelerator: Accelerator = Accelerator.CPU,
        public val threads: Int = (Runtime.getRuntime().availableProcessors() / 2).coerceIn(1, 4),
        public val faces: FaceFinder = BitmapFaces(),
        public val mostFaces: Int = 4,
        public val engines: List<EngineFactory> = Engines.present(),
    )

/**
 * From pictures to emotions:
 *
 * ```kotlin
 * val fer = FerEdge.create(context, "bundle")         // off the main thread: reads the model, runs the golden cases
 * val result = fer.analyze(image, rotation)           // faces are found, or give a box
 * show(result.face?.top(2))
 * ```
 *
 * Calls of several threads wait for one another. Boxes, given and returned, are pixels of the upright picture, not mirrored.
 */
public class FerEdge private constructor(
    private val opener: ModelOpener,
    private var opened: OpenedModel,
    private val options: FerOptions,
) : Closeable {
    private val frame = CameraFrame()
    private val finder = UprightFaces(options.faces)
    private val isMirrored = opened.model.contract.camera.mirror

    /** In the order of the probabilities. */
    public val labels: List<String> = opened.model.contract.labels

    /** Of the bundle. */
    public val variant: String = opened.model.variant

    /** Library, accelerator and threads that run now. */
    public val engine: String get() = opened.model.engineDescription

    /** Why the wanted accelerator does not run, in one sentence; null: it does. */
    public val fallback: String? get() = opened.fallback

    /**
     * Classifies the faces of a camera picture, which stays open.
     *
     * @param image YUV_420_888 or RGBA_8888.
     * @param rotation degrees clockwise to upright: 0, 90, 180 or 270.
     * @param box of a face; null: faces are found.
     * @throws FerEdgeException bytes, rotation or box do not fit together, or the CPU does not run the model.
     */
    @JvmOverloads
    public fun analyze(
        image: Image,
        rotation: Int,
        box: FaceBox? = null,
    ): FerResult = analyze(Frame.of(image, rotation), box)

    /**
     * Classifies the faces of a decoded picture.
     *
     * @param bitmap of any configuration, opaque.
     * @param rotation degrees clockwise to upright.
     * @param box of a face; null: faces are found.
     * @throws FerEdgeException rotation or box do not fit, or the CPU does not run the model.
     */
    @JvmOverloads
    public fun analyze(
        bitmap: Bitmap,
        rotation: Int = 0,
        box: FaceBox? = null,
    ): FerResult = analyze(Frame.of(bitmap, rotation), box)

    /**
     * Classifies the faces of a frame, which stays open.
     *
     * @param source see [Frame.of].
     * @param box of a face; null: faces are found.
     * @throws FerEdgeException bytes, rotation or box do not fit together, or the CPU does not run the model.
     */
    @JvmOverloads
    @Synchronized
    public fun analyze(
        source: Frame,
        box: FaceBox? = null,
    ): FerResult {
        try {
            source.set(frame)
            val before = opened
            val boxes = if (box != null) listOf(box) else finder.find(frame).take(options.mostFaces)
            val faces = boxes.map { FaceEmotions(it, labels, classify(it)) }
            return FerResult(faces, frame.uprightWidth, frame.uprightHeight, source.timestampNanos, opened !== before)
        } finally {
            frame.clear()
        }
    }

    /** What an accelerator throws at the first picture, or at the thousandth, costs time once and no answer. */
    private fun classify(box: FaceBox): FloatArray {
        val model = if (isMirrored) box.upright(frame.uprightWidth, frame.uprightHeight, 0, true) else box
        return try {
            opened.model.classify(frame, model)
        } catch (fault: FerEdgeException) {
            opened = opener.reopenOnCpu(opened, fault, options.threads)
            opened.model.classify(frame, model)
        }.clone()
    }

    /**
     * Answers for a stream of frames, the largest face steadied over time.
     *
     * Works on [kotlinx.coroutines.Dispatchers.Default]. Conflated on both sides: a frame that comes while another is worked on
     * is skipped for the newest, and a slow collector gets the newest result. Every frame is closed here.
     *
     * @param frames such as those of [io.github.feredge.android.camerax.frames].
     * @return cold; fails with a [FerEdgeException] where [analyze] throws one.
     */
    public fun results(frames: Flow<Frame>): Flow<FerResult> = steadyResults(frames, labels.size) { analyze(it) }

    /** Ends the engine. */
    @Synchronized
    override fun close() {
        opened.model.close()
    }

    /** Opens bundles. */
    public companion object {
        /**
         * Opens a bundle in an app's assets: contracts are compared, an engine is chosen, the golden cases are answered as the
         * original does (which also warms the engine up). Every file is compared with its hash at the first start after an
         * installation ([InstalledBundle]); a model that lies uncompressed costs no heap. Takes a while: not on the main thread.
         *
         * @param context any of the app's.
         * @param folder of the assets.
         * @param options variant, accelerator, face finder.
         * @throws FerEdgeException a file is missing or changed, no engine of this app runs the bundle, or its answers differ.
         */
        @JvmStatic
        @JvmOverloads
        public fun create(
            context: Context,
            folder: String = "bundle",
            options: FerOptions = FerOptions(),
        ): FerEdge = create(InstalledBundle(context.applicationContext, folder).open(), options)

        /**
         * Opens a bundle that lies elsewhere, such as in a folder that the app downloaded; its files are compared with their
         * hashes each time.
         *
         * @param source of the bundle's files.
         * @param options variant, accelerator, face finder.
         * @throws FerEdgeException as above.
         */
        @JvmStatic
        @JvmOverloads
        public fun create(
            source: BundleSource,
            options: FerOptions = FerOptions(),
        ): FerEdge = create(Bundle.open(source), options)

        private fun create(
            bundle: Bundle,
            options: FerOptions,
        ): FerEdge {
            val opener = ModelOpener(bundle, options.engines)
            val variant = options.variant ?: opener.variants.firstOrNull() ?: throw EngineException(nothingRuns(bundle, options))
            return FerEdge(opener, opener.open(variant, options.accelerator, options.threads), options)
        }

        private fun nothingRuns(
            bundle: Bundle,
            options: FerOptions,
        ): String {
            val formats = options.engines.flatMap { it.formats }
            return "no engine of this app runs a variant of this bundle (${bundle.variants.joinToString()}); it has " +
                "engines for: ${formats.joinToString().ifEmpty { "nothing" }}; add ${Engines.DEPENDENCIES}"
        }
    }
}
