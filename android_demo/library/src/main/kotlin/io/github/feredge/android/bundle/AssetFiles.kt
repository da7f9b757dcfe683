package io.github.feredge.android.bundle

import android.content.res.AssetManager
import io.github.feredge.core.bundle.BundleSource
import java.io.FileNotFoundException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/**
 * A bundle in an app's assets. Files that lie uncompressed in the APK (`noCompress`) are mapped into memory: a model of any size
 * then costs no heap.
 *
 * @param assets of the app.
 * @param folder of the bundle within them.
 */
public class AssetFiles(
    private val assets: AssetManager,
    private val folder: String,
) : BundleSource {
    override fun open(path: String): InputStream = assets.open("$folder/$path", AssetManager.ACCESS_STREAMING)

    /** Null: the file is compressed. */
    override fun map(path: String): ByteBuffer? {
        val file =
            try {
                assets.openFd("$folder/$path")
            } catch (_: FileNotFoundException) {
                return null
            }
        return file.use {
            it.createInputStream().use { stream ->
                stream.channel.map(FileChannel.MapMode.READ_ONLY, it.startOffset, it.declaredLength)
            }
        }
    }
}
