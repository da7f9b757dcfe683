package io.github.feredge.app.screen

import android.graphics.Insets
import android.os.Handler
import android.os.Looper
import android.view.Surface
import android.view.View
import android.view.WindowInsets
import android.widget.Spinner
import android.widget.TextView
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.TfLiteEngines
import io.github.feredge.app.Bundles
import io.github.feredge.app.DrawnCamera
import io.github.feredge.app.FerEdgeApplication
import io.github.feredge.app.R
import io.github.feredge.app.camera.PictureListener
import io.github.feredge.app.camera.PictureSource
import io.github.feredge.app.live.Choice
import io.github.feredge.core.EngineException
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import org.robolectric.annotation.Config
import org.tensorflow.lite.HostLibrary
import java.nio.ByteBuffer

/** What the live screen keeps, shows and follows. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = PORTRAIT)
class ChoicesTest {
    private val app get() = RuntimeEnvironment.getApplication() as FerEdgeApplication
    private val settings get() = Settings(app)
    private val real = TfLiteEngines()
    private var controller: ActivityController<MainActivity>? = null

    /** A GPU that opens, and throws as soon as it runs. */
    private val engines =
        EngineFactory { model, accelerator, threads ->
            val engine = real.open(model, Accelerator.CPU, threads)
            object : Engine by engine {
                override fun run(
                    input: ByteBuffer,
                    output: ByteBuffer,
                ) {
                    if (accelerator == Accelerator.GPU) throw EngineException("no GPU")
                    engine.run(input, output)
                }
            }
        }

    @Before
    fun library() {
        HostLibrary.load()
        app.parts = Bundles.parts(engines = engines)
    }

    @After
    fun close() {
        controller?.close()
    }

    private fun launch(): MainActivity =
        Robolectric
            .buildActivity(MainActivity::class.java)
            .also { controller = it }
            .setup()
            .get()

    private fun waitFor(condition: () -> Boolean) {
        repeat(400) {
            shadowOf(Looper.getMainLooper()).idle()
            if (condition()) return
            Thread.sleep(50)
        }
        throw AssertionError("waited in vain")
    }

    private fun MainActivity.hasFace() = findViewById<BarsView>(R.id.bars)?.probabilities?.isNotEmpty() == true

    private fun MainActivity.accelerator() = findViewById<Spinner>(R.id.accelerator)

    private fun MainActivity.note() = findViewById<TextView>(R.id.note).text.toString()

    private fun MainActivity.choose(accelerator: Accelerator) {
        accelerator().setSelection(Accelerator.values().indexOf(accelerator))
        accelerator().onItemSelectedListener!!.onItemSelected(accelerator(), null, accelerator.ordinal, 0)
    }

    @Test
    fun aChoiceThatFailsIsNeitherKeptNorShown() {
        val screen = launch()
        waitFor { screen.hasFace() }
        screen.choose(Accelerator.GPU)
        waitFor { screen.note().contains("no GPU") }
        waitFor { screen.accelerator().selectedItem == "cpu" }
        assertTrue(screen.note(), screen.note().startsWith("Running: tflite-fp32, TensorFlow Lite (XNNPACK"))
        waitFor { settings.crashedTrial == null }
        assertEquals(Accelerator.CPU, settings.choice.accelerator)
    }

    @Test
    fun aChoiceIsKeptAfterAPictureAndNotBefore() {
        var isBlind = true
        app.parts = Bundles.parts(engines = engines, pictures = { if (isBlind) BlindCamera() else DrawnCamera() })
        val screen = launch()
        waitFor { screen.accelerator().adapter != null }
        screen.choose(Accelerator.NNAPI)
        waitFor { screen.accelerator().selectedItem == "nnapi" }
        assertEquals("no picture yet", Accelerator.CPU, settings.choice.accelerator)
        assertEquals("until then a crash would be noticed", "nnapi", settings.crashedTrial)
        isBlind = false
        controller!!.pause().stop()
        assertNull("the app ended in order", settings.crashedTrial)
        settings.beginTrial(Choice(null, Accelerator.NNAPI))
        controller!!.destroy()
        val again = launch()
        waitFor { again.hasFace() }
        assertTrue(again.note(), again.note().contains("ended while it tried nnapi"))
        again.choose(Accelerator.NNAPI)
        waitFor { settings.choice.accelerator == Accelerator.NNAPI }
        assertNull(settings.crashedTrial)
    }

    @Test
    fun landscapeTurnedOverIsNoticed() {
        val camera = BlindCamera()
        app.parts = Bundles.parts(engines = engines, pictures = { camera })
        val screen = launch()
        waitFor { camera.isStarted }
        @Suppress("DEPRECATION")
        val display = shadowOf(screen.windowManager.defaultDisplay)
        display.setRotation(Surface.ROTATION_90)
        waitFor { camera.degrees == 90 }
        display.setRotation(Surface.ROTATION_270)
        waitFor { camera.degrees == 270 }
        controller!!.pause().stop()
        display.setRotation(Surface.ROTATION_90)
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals("a screen that is gone does not listen", 270, camera.degrees)
    }

    @Test
    fun onlyChangesAreAnnounced() {
        val screen = launch()
        waitFor { screen.hasFace() }
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_NONE, screen.findViewById<View>(R.id.answer).accessibilityLiveRegion)
        val announcement = screen.findViewById<View>(R.id.announcement)
        assertEquals(screen.findViewById<TextView>(R.id.answer).text, announcement.contentDescription)
    }

    /** Android 15 and newer lay an app for them below the bars; the sheet and texts leave room. */
    @Test
    @Config(sdk = [35], qualifiers = PORTRAIT)
    fun nothingToReadLiesBelowTheBars() {
        val screen = launch()
        waitFor { screen.hasFace() }
        val sheet = screen.findViewById<View>(R.id.sheet)
        val before = sheet.paddingBottom
        val insets =
            WindowInsets
                .Builder()
                .setInsets(WindowInsets.Type.statusBars(), Insets.of(0, 60, 0, 0))
                .setInsets(WindowInsets.Type.navigationBars(), Insets.of(0, 0, 0, 90))
                .build()
        screen.findViewById<View>(R.id.root).dispatchApplyWindowInsets(insets)
        assertTrue("${sheet.paddingBottom} $before", sheet.paddingBottom >= 90)
        val about = Robolectric.buildActivity(AboutActivity::class.java).setup().get()
        about.findViewById<View>(R.id.root).dispatchApplyWindowInsets(insets)
        assertEquals(60, about.findViewById<View>(R.id.root).paddingTop)
        assertEquals(90, about.findViewById<View>(R.id.root).paddingBottom)
    }

    private class BlindCamera : PictureSource {
        override val needsPermission: Boolean = false

        @Volatile
        var degrees = 0

        @Volatile
        var isStarted = false

        override fun start(
            isFront: Boolean,
            displayDegrees: Int,
            handler: Handler,
            listener: PictureListener,
        ) {
            degrees = displayDegrees
            isStarted = true
        }

        override fun turn(displayDegrees: Int) {
            degrees = displayDegrees
        }

        override fun retry() = Unit

        override fun stop() = Unit
    }
}
