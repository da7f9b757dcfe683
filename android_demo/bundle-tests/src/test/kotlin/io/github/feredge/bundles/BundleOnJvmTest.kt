package io.github.feredge.bundles

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.tensorflow.lite.HostLibrary
import java.io.File

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
        GoldenAnswers.artifacts("onnx").map { artifact ->
            dynamicTest(artifact.variant) {
                val bundle = Bundles.open()
                OnnxOnJvm(bundle.load(artifact.variant)).use { engine ->
                    GoldenAnswers(bundle, artifact).check { tensors -> tensors.map(engine::run) }
                }
            }
        }

    @TestFactory
    fun everyTfliteArtifactAnswersAsTheOriginal(): List<DynamicTest> = onAndroidsEngine(xnnpack = true)

    @TestFactory
    fun everyTfliteArtifactDoesSoWithoutXnnpack(): List<DynamicTest> = onAndroidsEngine(xnnpack = false)

    @Test
    fun xnnpackComputesAsItDoesOnPhones() {
        assumeTrue(HostLibrary.reason == null, HostLibrary.reason)
        HostLibrary.load()
        val log = File(System.getProperty("fer.edge.log"))
        log.delete()
        TfliteOnJvm(Bundles.open().load(GoldenAnswers.artifacts("tflite").first().variant)).close()
        assertTrue("with delegate (TfLiteXNNPackDelegate) node" in log.readText(), log.readText())
    }

    private fun onAndroidsEngine(xnnpack: Boolean): List<DynamicTest> =
        GoldenAnswers.artifacts("tflite").map { artifact ->
            dynamicTest(artifact.variant) {
                assumeTrue(HostLibrary.reason == null, HostLibrary.reason)
                HostLibrary.load()
                val bundle = Bundles.open()
                TfliteOnJvm(bundle.load(artifact.variant), xnnpack).use { engine ->
                    GoldenAnswers(bundle, artifact).check { tensors -> tensors.map(engine::run) }
                }
            }
        }
}
