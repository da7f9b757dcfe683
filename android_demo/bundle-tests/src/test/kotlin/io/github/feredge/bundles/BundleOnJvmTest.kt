package io.github.feredge.bundles

import io.github.feredge.core.bundle.Artifact
import io.github.feredge.core.bundle.Verdict
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.CameraPath
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import java.nio.ByteBuffer

/** From the golden camera frames of a bundle to its golden probabilities, in Kotlin, for every artifact that runs here. */
class BundleOnJvmTest {
    @Test
    fun everyFileIsAsExported() {
        assertEquals(emptyList<String>(), Bundles.open().faults())
    }

    @TestFactory
    fun everyGoldenCaseGivesTheSameBytes(): List<DynamicTest> {
        val bundle = Bundles.open()
        assertTrue(bundle.goldenPaths.isNotEmpty(), "the bundle has no golden cases")
        return bundle.goldenPaths.map { path -> dynamicTest(path) { assertNull(bundle.golden(path).fault()) } }
    }

    @TestFactory
    fun everyOnnxArtifactAnswersAsTheOriginal(): List<DynamicTest> =
        artifacts("onnx").map { artifact ->
            dynamicTest(artifact.variant) { OnnxOnJvm(Bundles.open().load(artifact.variant)).use { compare(artifact, it::run) } }
        }

    /** The runtime is from 2021: float32 files only. */
    @TestFactory
    fun everyFloatTfliteArtifactAnswersAsTheOriginal(): List<DynamicTest> =
        artifacts("tflite").filter { it.precision == "fp32" }.map { artifact ->
            dynamicTest(artifact.variant) {
                assumeTrue(System.getProperty("os.name") == "Linux" && System.getProperty("os.arch") == "amd64")
                TfliteOnJvm(Bundles.open().load(artifact.variant)).use { compare(artifact, it::run) }
            }
        }

    private fun artifacts(format: String): List<Artifact> =
        Bundles
            .open()
            .manifest.artifacts
            .filter { it.format == format && it.parity.verdict == Verdict.PASS }

    private fun compare(
        artifact: Artifact,
        run: (ByteBuffer) -> FloatArray,
    ) {
        val bundle = Bundles.open()
        val contract = bundle.contract(artifact)
        val path = CameraPath(contract)
        val frame = CameraFrame()
        var compared = 0
        for (place in bundle.goldenPaths) {
            val case = bundle.golden(place)
            val expected = case.probabilities() ?: continue
            val found = run(path.prepare(case.setFrame(frame), case.box))
            val largest = found.indices.maxOf { Math.abs(found[it] - expected[it]).toDouble() }
            assertTrue(largest <= limit(artifact), "$case: probabilities differ by $largest, allowed ${limit(artifact)}")
            assertEquals(1f, found.sum(), 0.02f, "$case: probabilities must sum to 1")
            compared++
        }
        assertTrue(compared > 0, "no golden case has probabilities")
    }

    /** What the export itself allowed; float32 is held to more. */
    private fun limit(artifact: Artifact): Double =
        if (artifact.precision == "fp32") 1e-4 else checkNotNull(artifact.parity.limit).maxAbs
}
