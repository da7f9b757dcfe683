package io.github.feredge.app.model

import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.TfLiteEngines
import io.github.feredge.android.model.EmotionModel
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.app.Bundles
import io.github.feredge.core.EngineException
import io.github.feredge.core.bundle.ElementType
import io.github.feredge.core.camera.CameraFrame
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.math.abs

class ModelOpenerTest {
    private val bundle = Bundles.open()
    private val real = TfLiteEngines()
    private val labels = bundle.contract(bundle.artifact(FP32)).labels.size

    /** A wrong accelerator: the same answer for every face. */
    private inner class Stubborn(
        private val engine: Engine,
    ) : Engine by engine {
        override fun run(
            input: ByteBuffer,
            output: ByteBuffer,
        ) {
            for (index in 0 until labels) output.putFloat(4 * index, if (index == 0) 1f else 0f)
        }
    }

    /** An accelerator that breaks down after some runs, as its library likes. */
    private inner class Brittle(
        private val engine: Engine,
        private var runs: Int,
        private val fault: () -> Throwable,
    ) : Engine by engine {
        override val description: String = "a brittle GPU"

        override fun run(
            input: ByteBuffer,
            output: ByteBuffer,
        ) {
            if (runs-- <= 0) throw fault()
            engine.run(input, output)
        }

        override fun close() {
            engine.close()
            error("already gone")
        }
    }

    private fun brittle(
        runs: Int,
        fault: () -> Throwable,
    ) = opener { Brittle(real.open(it, Accelerator.CPU, 1), runs, fault) }

    private fun classifies(model: EmotionModel): Float {
        val case = bundle.goldenPaths.map(bundle::golden).first { it.error == null && it.probabilities() != null }
        val found = model.classify(case.setFrame(CameraFrame()), case.box)
        return found.indices.maxOf { abs(found[it] - case.probabilities()!![it]) }
    }

    private fun opener(gpu: (ByteBuffer) -> Engine) =
        ModelOpener(bundle) { model, accelerator, threads ->
            if (accelerator == Accelerator.CPU) real.open(model, accelerator, threads) else gpu(model)
        }

    @Test
    fun theCpuAnswersAsTheOriginal() {
        val opened = ModelOpener(bundle, real).open(FP32, Accelerator.CPU, 1)
        opened.model.use {
            assertNull(opened.fallback)
            assertTrue("${opened.largestDifference}", opened.largestDifference < 1e-4)
        }
    }

    @Test
    fun anAcceleratorThatAnswersOtherwiseIsLeft() {
        val opened = opener { Stubborn(real.open(it, Accelerator.CPU, 1)) }.open(FP32, Accelerator.GPU, 1)
        opened.model.use {
            assertEquals(Accelerator.CPU, it.accelerator)
            assertTrue(opened.fallback, opened.fallback.orEmpty().contains("answers otherwise than the original"))
        }
    }

    @Test
    fun anAcceleratorThatIsNotThereIsLeft() {
        val opened = ModelOpener(bundle, real).open(FP32, Accelerator.GPU, 1)
        opened.model.use {
            assertEquals(Accelerator.CPU, it.accelerator)
            assertEquals("this app was built without org.tensorflow:tensorflow-lite-gpu", opened.fallback)
        }
    }

    @Test
    fun whatAnAcceleratorThrowsInItsFirstRunIsASentence() {
        val faults =
            listOf(IllegalStateException("state"), IOException("lost"), UnsatisfiedLinkError("GL"), OutOfMemoryError("heap"))
        for (fault in faults) {
            val opened = brittle(0) { fault }.open(FP32, Accelerator.GPU, 1)
            opened.model.use {
                assertEquals(Accelerator.CPU, it.accelerator)
                assertEquals("a brittle GPU failed while the model ran: ${fault.message}", opened.fallback)
                assertTrue(classifies(it) < 1e-4)
            }
        }
    }

    @Test
    fun anAcceleratorThatBreaksDownLaterIsLeftThen() {
        val cases = bundle.goldenPaths.map(bundle::golden).count { it.error == null }
        val opener = brittle(cases) { IllegalStateException("the driver is gone") }
        val opened = opener.open(FP32, Accelerator.GPU, 1)
        assertNull(opened.fallback)
        val fault = assertThrows(EngineException::class.java) { classifies(opened.model) }
        val again = opener.reopenOnCpu(opened, fault, 1)
        again.model.use {
            assertEquals(Accelerator.CPU, it.accelerator)
            assertEquals("a brittle GPU failed while the model ran: the driver is gone", again.fallback)
            assertTrue(classifies(it) < 1e-4)
        }
    }

    @Test
    fun theCpuIsNotOpenedAgainInVain() {
        val opener = ModelOpener(bundle, real)
        val opened = opener.open(FP32, Accelerator.CPU, 1)
        opened.model.use {
            val fault = EngineException("failed")
            assertSame(fault, assertThrows(EngineException::class.java) { opener.reopenOnCpu(opened, fault, 1) })
        }
    }

    @Test
    fun aFormatWithoutAnEngineIsASentence() {
        val none = ModelOpener(bundle, emptyList())
        assertEquals(emptyList<String>(), none.variants)
        val fault = assertThrows(EngineException::class.java) { none.open(FP32, Accelerator.CPU, 1) }
        assertEquals("tflite-fp32 needs an engine for tflite; this app has none", fault.message)
    }

    @Test
    fun aCpuThatAnswersOtherwiseIsRefused() {
        val wrong = ModelOpener(bundle) { model, _, _ -> Stubborn(real.open(model, Accelerator.CPU, 1)) }
        assertThrows(EngineException::class.java) { wrong.open(FP32, Accelerator.CPU, 1) }
    }

    @Test
    fun anotherShapeIsRefused() {
        val other =
            ModelOpener(bundle) { model, accelerator, threads ->
                val engine = real.open(model, accelerator, threads)
                object : Engine by engine {
                    override val outputShape: IntArray = intArrayOf(1, labels + 1)
                    override val outputType: ElementType = ElementType.FLOAT32
                }
            }
        assertThrows(io.github.feredge.core.ModelException.LabelCount::class.java) { other.open(FP32, Accelerator.CPU, 1) }
    }

    private companion object {
        const val FP32 = "tflite-fp32"
    }
}
