package io.github.feredge.app

import io.github.feredge.android.bundle.InstalledBundle
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.TfLiteEngines
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.app.faces.PictureFaces
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import org.tensorflow.lite.HostLibrary
import java.io.ByteArrayInputStream
import java.io.File

/** The bundle that the app under test was built with. */
object Bundles {
    init {
        HostLibrary.load()
    }

    /** Its folder. */
    val folder: File = File(System.getProperty("fer.edge.bundle"))

    /** Its files. */
    val source: BundleSource = BundleSource.folder(folder)

    /** Opened. */
    fun open(): Bundle = Bundle.open(source)

    /** What screens are made of, with this bundle, TensorFlow Lite and a drawn face before the camera. */
    fun parts(
        files: BundleSource = source,
        engines: EngineFactory = TfLiteEngines(),
        pictures: () -> PictureSource = { DrawnCamera() },
        faces: () -> PictureFaces = { PictureFaces { _, _, _ -> listOf(RenderedFace.box) } },
    ): Parts =
        Parts(
            files,
            listOf(engines),
            pictures,
            faces,
            { Bundle.open(files).also { it.verify(InstalledBundle.paths(it)) } },
        )

    /** The same with one byte changed in one file. */
    fun changed(path: String): BundleSource =
        BundleSource { asked ->
            val bytes = source.open(asked).use { it.readBytes() }
            if (asked == path) bytes[bytes.size / 2] = (bytes[bytes.size / 2].toInt() xor 1).toByte()
            ByteArrayInputStream(bytes)
        }
}
