package io.github.feredge.app.live

import android.os.Looper
import io.github.feredge.app.Bundles
import io.github.feredge.app.FerEdgeApplication
import io.github.feredge.app.Parts
import io.github.feredge.app.R
import io.github.feredge.app.screen.BarsView
import io.github.feredge.app.screen.MainActivity
import io.github.feredge.core.bundle.BundleSource
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tensorflow.lite.HostLibrary
import java.io.File
import java.io.RandomAccessFile
import java.security.MessageDigest

/**
 * The way from the launcher to the first answer, with a model of the size of a ResNet18 and 64 MB of heap left.
 *
 * `benchmarks/studies/android_heap.py` runs it with a real one in the app's assets (-Dfer.edge.bundle) and less heap (-Dfer.edge.heaps).
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class StartMemoryTest {
    @get:Rule
    val temporary = TemporaryFolder()

    private val app get() = RuntimeEnvironment.getApplication() as FerEdgeApplication
    private val heaps = (System.getProperty("fer.edge.heaps").orEmpty().ifEmpty { "64" }).split(',').map { it.toLong() }

    /** The app's own way into its assets where the bundle is large, a camera aside. */
    private fun parts(): Parts {
        val drawn = Bundles.parts()
        val isLarge =
            Bundles.folder
                .listFiles()
                .orEmpty()
                .any { it.length() > LARGE }
        return if (isLarge) {
            app.parts.run {
                Parts(
                    bundle,
                    engines,
                    drawn.pictures,
                    drawn.faces,
                    openBundle,
                )
            }
        } else {
            Bundles.parts(padded())
        }
    }

    /** The bundle at hand, its model made larger by zeros behind it, which no reader minds. */
    private fun padded(): BundleSource {
        val folder = temporary.newFolder("bundle")
        Bundles.folder.copyRecursively(folder, overwrite = true)
        val model = File(folder, "fer-mini-fp32.tflite")
        val manifest = File(folder, "manifest.json")
        val (size, hash) = model.length() to hash(model)
        RandomAccessFile(model, "rw").use { it.setLength(SIZE) }
        manifest.writeText(manifest.readText().replace(hash, hash(model)).replace("\"bytes\": $size", "\"bytes\": $SIZE"))
        return BundleSource.folder(folder)
    }

    private fun hash(file: File): String {
        val digest = MessageDigest.getInstance("SHA-256")
        file.inputStream().use { stream ->
            val chunk = ByteArray(1 shl 16)
            generateSequence { stream.read(chunk).takeIf { it > 0 } }.forEach { digest.update(chunk, 0, it) }
        }
        return digest.digest().joinToString("") { "%02x".format(it) }
    }

    private fun left(): Long = Runtime.getRuntime().run { maxMemory() - (totalMemory() - freeMemory()) }

    @Test
    fun sixtyFourMegabytesAreEnough() {
        HostLibrary.load()
        app.parts = parts()
        for (megabytes in heaps) {
            start(megabytes shl 20)
            println("answered with $megabytes MB of heap")
        }
    }

    // Garbage must not count as ballast.
    @Suppress("ExplicitGarbageCollectionCall")
    private fun start(heap: Long) {
        System.gc()
        // Small enough to lie in ordinary regions of the heap.
        val ballast = ArrayList<ByteArray>()
        while (left() > heap) ballast.add(ByteArray(BALLAST))
        val controller = Robolectric.buildActivity(MainActivity::class.java)
        try {
            waitForAnswer(controller.setup().get())
        } finally {
            ballast.clear()
            controller.close()
        }
    }

    private fun waitForAnswer(screen: MainActivity) {
        repeat(400) {
            shadowOf(Looper.getMainLooper()).idle()
            if (screen.findViewById<BarsView>(R.id.bars)?.probabilities?.isNotEmpty() == true) return
            Thread.sleep(50)
        }
        throw AssertionError("no answer came")
    }

    private companion object {
        const val SIZE = 45L shl 20
        const val LARGE = 40L shl 20
        const val BALLAST = 200_000
    }
}
