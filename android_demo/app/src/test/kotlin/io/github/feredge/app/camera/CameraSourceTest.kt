package io.github.feredge.app.camera

import android.os.Handler
import android.os.HandlerThread
import android.os.Looper
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** From the camera's thread to the listener's. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class CameraSourceTest {
    private val turns = ManualTurns()
    private val cameras = ScriptedCameras(offersFaces = true)
    private val source = CameraSource({ cameras }, turns)
    private val main = Handler(Looper.getMainLooper())
    private val heard = ArrayList<String>()
    private val listener =
        object : PictureListener {
            override fun onPicture(picture: Picture) {
                heard.add(
                    "${picture.timestampNanos} turned ${picture.rotation}, faces ${picture.sensorFaces?.map { it.x0.toInt() }}",
                )
            }

            override fun onCameraProblem(problem: CameraProblem) {
                heard.add(problem.name)
            }
        }

    private fun start(handler: Handler = main): ScriptedCamera {
        source.start(isFront = false, displayDegrees = 90, handler, listener)
        turns.pass()
        return cameras.openLast()
    }

    private fun faces(x: Int) = PairingTestFaces.at(x)

    @Test
    fun onlyTheNewestPictureIsHandedOverWithItsOwnFaces() {
        val camera = start()
        val images = List(3) { ScriptedImage(it.toLong()) }
        images.forEachIndexed { index, image ->
            camera.stream!!.onImage(image)
            camera.stream!!.onFaces(index.toLong(), faces(10 * index))
        }
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(listOf("2 turned 0, faces [20]"), heard)
        assertEquals("each is given back once", listOf(1, 1, 1), images.map { it.closed })
    }

    @Test
    fun aTurnedDisplayTurnsTheNextPicture() {
        val camera = start()
        source.turn(270)
        camera.stream!!.onImage(ScriptedImage(1))
        camera.stream!!.onFaces(1, faces(0))
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(listOf("1 turned 180, faces [0]"), heard)
    }

    @Test
    fun afterTheStopNothingIsHeard() {
        val camera = start()
        val image = ScriptedImage(1)
        camera.stream!!.onImage(image)
        camera.stream!!.onFaces(1, faces(0))
        source.stop()
        turns.pass()
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(emptyList<String>(), heard)
        assertEquals(1, image.closed)
        assertEquals(0, cameras.on)
    }

    @Test
    fun aThreadThatEndedTakesNothingAndNothingIsLost() {
        val thread = HandlerThread("gone").apply { start() }
        val handler = Handler(thread.looper)
        thread.quit()
        thread.join()
        val camera = start(handler)
        val image = ScriptedImage(1)
        camera.stream!!.onImage(image)
        camera.stream!!.onFaces(1, faces(0))
        assertEquals(1, image.closed)
    }
}

/** Faces as a camera reports them. */
object PairingTestFaces {
    /** One at that column. */
    fun at(x: Int): List<SensorFace> =
        listOf(
            SensorFace(
                io.github.feredge.core.camera
                    .FaceBox(x.toDouble(), 0.0, x + 50.0, 50.0),
                100,
            ),
        )
}
