package io.github.feredge.app

import android.app.Application
import android.content.Context
import android.os.Build
import io.github.feredge.android.bundle.AssetFiles
import io.github.feredge.android.bundle.InstalledBundle
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.Engines
import io.github.feredge.android.faces.BitmapFaces
import io.github.feredge.app.camera.Camera2Devices
import io.github.feredge.app.camera.CameraSource
import io.github.feredge.app.camera.CameraThread
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.app.faces.PictureFaces
import io.github.feredge.app.faces.SensorFaces
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.BundleSource
import java.io.File

/**
 * What the screens are made of; a test, or an app with another detector, puts its own in.
 *
 * @property bundle files of the bundle.
 * @property engines that open its models.
 * @property pictures from the camera.
 * @property faces in them.
 * @property openBundle with every file compared with its hash, now or once before.
 */
class Parts(
    val bundle: BundleSource,
    val engines: List<EngineFactory>,
    val pictures: () -> PictureSource,
    val faces: () -> PictureFaces,
    val openBundle: () -> Bundle,
)

/** Holds the [parts]. */
class FerEdgeApplication : Application() {
    /** Replace before a screen starts. */
    lateinit var parts: Parts

    override fun onCreate() {
        super.onCreate()
        val files = AssetFiles(assets, FOLDER)
        parts =
            Parts(
                bundle = files,
                engines = Engines.present(),
                pictures = { CameraSource({ Camera2Devices(this, CameraThread.handler) }) },
                faces = { SensorFaces(BitmapFaces()) },
                openBundle = { InstalledBundle(this, FOLDER).open() },
            )
    }

    private companion object {
        const val FOLDER = "bundle"
    }
}

/** The [Parts] of this app. */
val Context.parts: Parts get() = (applicationContext as FerEdgeApplication).parts

/** A folder that a cable reaches without any permission: `Android/data/<package>/files`. */
val Context.results: File get() = getExternalFilesDir(null) ?: filesDir

/** Where a file of [results] lies, as file managers and cables show it. */
val File.shown: String get() = path.substring(path.indexOf("Android/data/").coerceAtLeast(0))

/** What documents say about the device. */
object Device {
    /** Maker, model, Android release. */
    val name: String
        get() = "${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE} (SDK ${Build.VERSION.SDK_INT})"

    /** Half of the cores, 1 to 4: the fast ones on most phones. */
    val threads: Int get() = (Runtime.getRuntime().availableProcessors() / 2).coerceIn(1, 4)
}
