package io.github.feredge.bundles

import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

/** The library that phones load, with the instructions that phones have, from golden frames to golden probabilities. */
class BundleOnArm64Test {
    @TestFactory
    fun everyTfliteArtifactAnswersAsTheOriginal(): List<DynamicTest> =
        GoldenAnswers.artifacts("tflite").map { artifact ->
            dynamicTest(artifact.variant) {
                assumeTrue(TfliteOnArm64.reason == null, TfliteOnArm64.reason)
                val bundle = Bundles.open()
                GoldenAnswers(bundle, artifact).check(TfliteOnArm64(bundle.load(artifact.variant))::run)
            }
        }
}
