package io.github.feredge.bundles

import io.github.feredge.core.answer.Guess
import io.github.feredge.core.answer.Ranking
import io.github.feredge.core.bundle.BundleSource
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.golden.GoldenCase
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.tensorflow.lite.HostLibrary

/** The code that a bundle's README gives its readers answers the golden cases as the original does. */
class PasteTest {
    @Test
    fun theCodeForTfliteAnswersAsTheOriginal() {
        assumeTrue("tflite-fp32" in Bundles.open().variants)
        assumeTrue(HostLibrary.reason == null, HostLibrary.reason)
        HostLibrary.load()
        Emotions(BundleSource.folder(Bundles.folder())).use { emotions ->
            compare { case, frame -> emotions.read(frame, case.box) }
        }
    }

    @Test
    fun theCodeForOnnxAnswersAsTheOriginal() {
        assumeTrue("onnx-fp32" in Bundles.open().variants, "set FER_EDGE_BUNDLE to a bundle with onnx-fp32")
        EmotionsOnnx(BundleSource.folder(Bundles.folder())).use { emotions ->
            compare { case, frame -> emotions.read(frame, case.box) }
        }
    }

    private fun compare(read: (GoldenCase, CameraFrame) -> List<Guess>) {
        val bundle = Bundles.open()
        val labels = bundle.contract(bundle.manifest.artifacts.first()).labels
        val frame = CameraFrame()
        val cases = bundle.goldenPaths.map { bundle.golden(it) }.filter { it.probabilities() != null }
        assertTrue(cases.isNotEmpty(), "no golden case has probabilities")
        for (case in cases) {
            val expected = Ranking(labels).top(checkNotNull(case.probabilities()), 2)
            val found = read(case, case.setFrame(frame))
            assertEquals(expected.map { it.label }, found.map { it.label }, case.toString())
            for ((mine, theirs) in found.zip(expected)) {
                assertEquals(theirs.probability, mine.probability, 1e-4f, case.toString())
            }
        }
    }
}
