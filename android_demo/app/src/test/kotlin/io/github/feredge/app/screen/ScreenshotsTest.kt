package io.github.feredge.app.screen

import android.os.Looper
import android.view.View
import android.widget.Button
import io.github.feredge.app.Bundles
import io.github.feredge.app.FerEdgeApplication
import io.github.feredge.app.Photograph
import io.github.feredge.app.R
import io.github.feredge.app.faces.PictureFaces
import org.junit.After
import org.junit.Assert.assertEquals
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

/** The live screen of phones and tablets with a photograph before the camera. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34], qualifiers = PORTRAIT)
class ScreenshotsTest {
    private var controller: ActivityController<MainActivity>? = null
    private val app get() = RuntimeEnvironment.getApplication() as FerEdgeApplication

    @Before
    fun library() = HostLibrary.load()

    @After
    fun close() {
        controller?.close()
    }

    private fun launch(isWide: Boolean): MainActivity {
        val photograph = Photograph(isWide)
        app.parts =
            Bundles.parts(pictures = { photograph.camera() }, faces = { PictureFaces { _, _, _ -> listOf(photograph.box) } })
        val screen =
            Robolectric
                .buildActivity(MainActivity::class.java)
                .also { controller = it }
                .setup()
                .get()
        repeat(400) {
            shadowOf(Looper.getMainLooper()).idle()
            if (screen.findViewById<BarsView>(R.id.bars)?.probabilities?.isNotEmpty() == true) return screen
            Thread.sleep(50)
        }
        throw AssertionError("no answer came")
    }

    private fun View.bottomOnScreen(): Int = IntArray(2).also(::getLocationInWindow)[1] + height

    /** What one touches lies whole on the screen, at least 48 dp high. */
    private fun checkButtons(screen: MainActivity) {
        val root = screen.findViewById<View>(R.id.root)
        for (id in listOf(R.id.lens, R.id.about)) {
            val button = screen.findViewById<Button>(id)
            assertTrue("${button.text} ${button.bottomOnScreen()} of ${root.height}", button.bottomOnScreen() <= root.height)
            assertTrue("${button.text}", button.height >= 48 * screen.resources.displayMetrics.density)
        }
    }

    @Test
    fun aPhone() {
        val screen = launch(isWide = false)
        assertEquals("for users", View.GONE, screen.findViewById<View>(R.id.developer).visibility)
        checkButtons(screen)
        Screenshot.save(screen, "android-live.png")
    }

    @Test
    @Config(qualifiers = "de-w411dp-h891dp-night-xhdpi")
    fun aPhoneInGermanAndInTheDark() {
        val screen = launch(isWide = false)
        assertEquals("Über", screen.findViewById<Button>(R.id.about).text)
        Screenshot.save(screen, "android-live-dark-german.png")
    }

    @Test
    @Config(qualifiers = "w891dp-h411dp-land-xhdpi")
    fun aPhoneOnItsSide() {
        val screen = launch(isWide = true)
        checkButtons(screen)
        Screenshot.save(screen, "android-live-landscape.png")
    }

    @Test
    fun aDeveloperSPhone() {
        Settings(app).isDeveloper = true
        val screen = launch(isWide = false)
        assertEquals(View.VISIBLE, screen.findViewById<View>(R.id.developer).visibility)
        checkButtons(screen)
        Screenshot.save(screen, "android-developer.png")
    }

    @Test
    @Config(qualifiers = "w1280dp-h800dp-land-mdpi")
    fun aTablet() {
        val screen = launch(isWide = true)
        checkButtons(screen)
        Screenshot.save(screen, "android-tablet.png")
    }
}
