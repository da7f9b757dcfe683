package io.github.feredge.bundles

import io.github.feredge.core.bundle.Artifact
import io.github.feredge.core.bundle.Bundle
import io.github.feredge.core.bundle.Verdict
import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.CameraPath
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The golden camera frames of a bundle through the core, and the probabilities that its original gave for them. */
internal class GoldenAnswers(
    private val bundle: Bundle,
    private val artifact: Artifact,
) {
    private val cases = bundle.goldenPaths.map { bundle.golden(it) }.filter { it.probabilities() != null }

    /** Every case through an engine: [answer] gets all tensors in turn and gives the probabilities of each. */
    fun check(answer: (List<ByteBuffer>) -> List<FloatArray>) {
        assertTrue(cases.isNotEmpty(), "no golden case has probabilities")
        val answers = answer(tensors())
        assertEquals(cases.size, answers.size)
        val largest =
            cases.zip(answers).maxOf { (case, found) ->
                assertEquals(1f, found.sum(), 0.02f, "$case: probabilities must sum to 1")
                val expected = checkNotNull(case.probabilities())
                found.indices.maxOf { Math.abs(found[it] - expected[it]).toDouble() }
            }
        println("${artifact.variant}: probabilities differ by $largest at most, allowed ${limit()}")
        assertTrue(largest <= limit(), "${artifact.variant}: probabilities differ by $largest, allowed ${limit()}")
    }

    private fun tensors(): List<ByteBuffer> {
        val path = CameraPath(bundle.contract(artifact))
        val frame = CameraFrame()
        return cases.map { case -> copy(path.prepare(case.setFrame(frame), case.box)) }
    }

    /** The path's own buffer is used again for the next frame. */
    private fun copy(tensor: ByteBuffer): ByteBuffer {
        val copy = ByteBuffer.allocateDirect(tensor.remaining()).order(ByteOrder.nativeOrder())
        copy.put(tensor.duplicate()).rewind()
        return copy
    }

    /** What the export itself allowed; float32 is held to twice what it measured, or to 1e-6. */
    private fun limit(): Double {
        val parity = artifact.parity
        return if (artifact.precision == "fp32") maxOf(1e-6, 2 * (parity.maxAbs ?: 0.0)) else checkNotNull(parity.limit).maxAbs
    }

    companion object {
        /** The artifacts of one format that passed. */
        fun artifacts(format: String): List<Artifact> =
            Bundles
                .open()
                .manifest.artifacts
                .filter { it.format == format && it.parity.verdict == Verdict.PASS }
    }
}
