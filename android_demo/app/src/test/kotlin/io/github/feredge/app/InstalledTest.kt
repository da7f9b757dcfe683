package io.github.feredge.app

import android.graphics.ImageFormat
import io.github.feredge.android.FerEdge
import io.github.feredge.android.Frame
import io.github.feredge.android.FramePlane
import io.github.feredge.android.bundle.AssetFiles
import io.github.feredge.core.BundleException
import io.github.feredge.core.bundle.BundleSource
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.tensorflow.lite.HostLibrary

/** The bundle as it lies in the assets of an installed app, opened as the page tells others to and as this app does. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class InstalledTest {
    private val app = RuntimeEnvironment.getApplication() as FerEdgeApplication
    private val variant =
        Bundles
            .open()
            .manifest.artifacts
            .first { it.format == "tflite" }

    @Before
    fun library() {
        HostLibrary.load()
    }

    private fun analyze(fer: FerEdge): List<Float> {
        val picture = RenderedFace.picture()
        val planes = listOf(picture.y, picture.u, picture.v).map { FramePlane(it.data, it.rowStride, it.pixelStride) }
        val frame = Frame.of(planes, ImageFormat.YUV_420_888, picture.width, picture.height, picture.rotation, 0L)
        return fer
            .analyze(frame, RenderedFace.box)
            .faces
            .single()
            .probabilities
            .toList()
    }

    @Test
    fun theLibraryAnswersAsFerPredictFromTheAssets() {
        // The first start compares hashes, the second trusts the first.
        repeat(2) {
            FerEdge.create(app, "bundle").use { fer ->
                assertEquals(variant.variant, fer.variant)
                val expected = RenderedFace.probabilities
                assertEquals(expected.keys.toList(), fer.labels)
                analyze(fer).zip(expected.values).forEach { (found, wanted) -> assertEquals(wanted, found.toDouble(), 1e-5) }
            }
        }
    }

    @Test
    fun aModelInTheAssetsIsMappedNotRead() {
        val mapped = requireNotNull(AssetFiles(app.assets, "bundle").map(variant.path)) { "the file is compressed" }
        assertEquals(Bundles.source.open(variant.path).use { it.available() }, mapped.remaining())
    }

    @Test
    fun theAppOpensItsOwnBundleInTheSameWay() {
        assertEquals(Bundles.open().sha256, app.parts.openBundle().sha256)
        assertEquals(listOf(true), app.parts.engines.map { "tflite" in it.formats })
    }

    @Test
    fun aFolderThatIsNotThereIsASentence() {
        val fault = assertThrows(BundleException.MissingFile::class.java) { FerEdge.create(app, "no-bundle") }
        assertEquals("manifest.json cannot be opened (no-bundle/manifest.json); copy the whole bundle", fault.message)
        assertThrows(BundleException.MissingFile::class.java) { FerEdge.create(BundleSource { app.assets.open("none/$it") }) }
    }
}
