package io.github.feredge.android.bundle

import android.content.Context
import io.github.feredge.android.Ready
import io.github.feredge.core.BundleException
import io.github.feredge.core.bundle.BundleSource
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.io.ByteArrayInputStream

/** When the files of an installed bundle go through the hash: once an installation, each bundle for itself. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class InstalledBundleTest {
    private val memory = RuntimeEnvironment.getApplication().getSharedPreferences("test", Context.MODE_PRIVATE)
    private val opened = ArrayList<String>()
    private val counted =
        BundleSource { path ->
            opened.add(path)
            Ready.source.open(path)
        }

    /** The files, but for the manifest, that are read for opening. */
    private fun read(
        installation: String,
        name: String = "bundle",
    ): List<String> {
        opened.clear()
        InstalledBundle(counted, name, memory, installation).open()
        return opened.filter { it != "manifest.json" }
    }

    @Test
    fun everyFileGoesThroughTheHashOnceAnInstallation() {
        val all = InstalledBundle.paths(Ready.bundle)
        assertEquals(all, read("1"))
        assertEquals(emptyList<String>(), read("1"))
        assertEquals("after an update", all, read("2"))
        assertEquals(emptyList<String>(), read("2"))
        assertEquals("another bundle", all, read("2", "other"))
        assertEquals("the first is not forgotten", emptyList<String>(), read("2"))
    }

    @Test
    fun aChangedFileIsRefusedEachTime() {
        val changed =
            BundleSource { path ->
                val bytes = Ready.source.open(path).use { it.readBytes() }
                if (path == "labels.txt") bytes[0] = (bytes[0] + 1).toByte()
                ByteArrayInputStream(bytes)
            }
        repeat(2) {
            assertThrows(BundleException.WrongHash::class.java) { InstalledBundle(changed, "bundle", memory, "1").open() }
        }
    }
}
