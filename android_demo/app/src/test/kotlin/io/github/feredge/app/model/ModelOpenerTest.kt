package io.github.feredge.app.model

import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.TfLiteEngines
import io.github.feredge.android.model.ModelOpener
import io.github.feredge.app.Bundles
import io.github.feredge.core.EngineException
import io.github.feredge.core.bundle.ElementType
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.nio.ByteBuffer

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
