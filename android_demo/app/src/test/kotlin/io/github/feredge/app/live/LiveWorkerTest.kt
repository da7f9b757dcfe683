package io.github.feredge.app.live

import android.os.Looper
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.TfLiteEngines
import io.github.feredge.app.Bundles
import io.github.feredge.app.RenderedFace
import io.github.feredge.app.camera.CameraProblem
import io.github.feredge.core.EngineException
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.tensorflow.lite.HostLibrary
import java.nio.ByteBuffer

/** What becomes of engines that open and answer the golden cases, and then fail on the camera's picture. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class LiveWorkerTest {
    private val screen = Notes()
    private val real = TfLiteEngines()
    private var worker: LiveWorker? = null

    @Volatile
    private var failing: Set<Accelerator> = emptySet()

    /** TensorFlow Lite on every accelerator, that fails when the test says so. */
    private val engines =
        EngineFactory { model, accelerator, threads ->
            val engine = real.open(model, Accelerator.CPU, threads)
            object : Engine by engine {
                override fun run(
                    input: ByteBuffer,
                    output: ByteBuffer,
                ) {
                    if (accelerator in failing) throw EngineException("${accelerator.word} lost its device")
                    engine.run(input, output)
                }
            }
        }

    private class Notes : LiveScreen {
        val ready = ArrayList<RunningModel>()
        val proven = ArrayList<RunningModel>()
        val refused = ArrayList<String>()
        val results = ArrayList<LiveResult>()

        override fun onReady(
            model: RunningModel,
            variants: List<String>,
        ) {
            ready.add(model)
        }

        override fun onProven(model: RunningModel) {
            proven.add(model)
        }

        override fun onRefused(message: String) {
            refused.add(message)
        }

        override fun onResult(result: LiveResult) {
            results.add(result)
        }

        override fun onCameraProblem(problem: CameraProblem) = Unit

        override fun onPictureRefused(message: String) = Unit

        override fun onDump(text: String) = Unit
    }

    @Before
    fun library() = HostLibrary.load()

    @After
    fun stop() {
        worker?.stop()
    }

    private fun worker() = LiveWorker(Bundles.parts(engines = engines), screen).also { worker = it }

    private fun waitFor(condition: () -> Boolean) {
        repeat(400) {
            shadowOf(Looper.getMainLooper()).idle()
            if (condition()) return
            Thread.sleep(50)
        }
        throw AssertionError("waited in vain; refused: ${screen.refused}")
    }

    private fun LiveWorker.picture() {
        handler.post { onPicture(RenderedFace.picture()) }
    }

    private fun LiveWorker.openAndSee(accelerator: Accelerator) {
        val before = screen.proven.size
        open(Choice(FP32, accelerator))
        waitFor { screen.ready.isNotEmpty() }
        picture()
        waitFor { screen.proven.size > before }
    }

    @Test
    fun anAcceleratorThatFailsOnAPictureGivesWayToTheCpu() {
        val worker = worker()
        worker.open(Choice(FP32, Accelerator.GPU))
        waitFor { screen.ready.size == 1 }
        assertEquals(Accelerator.GPU, screen.ready[0].accelerator)
        failing = setOf(Accelerator.GPU)
        worker.picture()
        waitFor { screen.ready.size == 2 }
        val instead = screen.ready[1]
        assertEquals(Accelerator.CPU, instead.accelerator)
        assertEquals("gpu lost its device", instead.reason)
        assertEquals(Accelerator.GPU, instead.asked.accelerator)
        assertTrue("a choice that never answered is not proven", screen.proven.isEmpty())
        worker.picture()
        waitFor { screen.results.size == 1 }
        assertEquals(instead, screen.results[0].model)
    }

    @Test
    fun aChoiceIsProvenByALivePicture() {
        val worker = worker()
        worker.open(Choice(FP32, Accelerator.GPU))
        waitFor { screen.ready.size == 1 }
        assertTrue("golden cases are not enough", screen.proven.isEmpty())
        worker.picture()
        waitFor { screen.proven.size == 1 }
        assertNull(screen.proven[0].reason)
    }

    @Test
    fun aCpuThatFailsIsRefusedAndNotAskedAgain() {
        val worker = worker()
        worker.openAndSee(Accelerator.CPU)
        failing = setOf(Accelerator.CPU)
        worker.picture()
        waitFor { screen.refused.isNotEmpty() }
        worker.picture()
        shadowOf(worker.handler.looper).idle()
        assertEquals(listOf("cpu lost its device"), screen.refused)
    }

    @Test
    fun aVariantThatDoesNotWorkGivesWayToTheOneBefore() {
        val worker = worker()
        worker.openAndSee(Accelerator.NNAPI)
        failing = setOf(Accelerator.GPU, Accelerator.CPU)
        worker.open(Choice(FP32, Accelerator.GPU))
        waitFor { screen.ready.size == 2 }
        assertEquals(Accelerator.NNAPI, screen.ready[1].accelerator)
        assertTrue(screen.ready[1].reason, screen.ready[1].reason!!.contains("lost its device"))
        assertTrue(screen.refused.isEmpty())
    }

    private companion object {
        const val FP32 = "tflite-fp32"
    }
}
