package io.github.feredge.app.camera

import io.github.feredge.android.faces.FaceGeometry
import io.github.feredge.core.camera.FaceBox
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class SensorGeometryTest {
    /** Most phones: back sensor 90, front 270; upright both pictures are turned by that much. */
    @Test
    fun rotationFollowsSensorAndDisplay() {
        assertEquals(90, SensorGeometry.rotation(90, 0, isFront = false))
        assertEquals(0, SensorGeometry.rotation(90, 90, isFront = false))
        assertEquals(180, SensorGeometry.rotation(90, 270, isFront = false))
        assertEquals(270, SensorGeometry.rotation(270, 0, isFront = true))
        assertEquals(0, SensorGeometry.rotation(270, 90, isFront = true))
        assertEquals(180, SensorGeometry.rotation(270, 270, isFront = true))
    }

    /**
     * An array of 4000x3000 and a picture of 640x480 have one aspect: 4000/640 = 6.25 array pixels to a picture pixel.
     */
    @Test
    fun facesOfTheSameAspectAreScaled() {
        val found = SensorGeometry.onPicture(FaceBox(625.0, 1250.0, 1250.0, 1875.0), 4000, 3000, 640, 480)
        assertEquals(FaceBox(100.0, 200.0, 200.0, 300.0), found)
    }

    /**
     * 1280x720 of 4000x3000: all 4000 columns, 4000*720/1280 = 2250 rows, so (3000-2250)/2 = 375 rows are cut off above;
     * 3.125 array pixels to a picture pixel.
     */
    @Test
    fun facesOfAWiderPictureLoseTheCutRows() {
        val found = SensorGeometry.onPicture(FaceBox(312.5, 375.0, 625.0, 687.5), 4000, 3000, 1280, 720)
        assertEquals(FaceBox(100.0, 0.0, 200.0, 100.0), found)
    }

    @Test
    fun theSizeNearestTo640x480IsTaken() {
        val sizes = listOf(4000 to 3000, 1280 to 720, 640 to 480, 320 to 240)
        assertEquals(640 to 480, SensorGeometry.nearest(sizes))
        assertEquals(800 to 600, SensorGeometry.nearest(listOf(1920 to 1080, 800 to 600, 176 to 144)))
        assertEquals(640 to 480, SensorGeometry.nearest(emptyList()))
    }

    /** Eyes 50 pixels apart around (100, 100): a side of 2.7 * 50 = 135; its top lies 0.4 * 135 = 54 above the eyes. */
    @Test
    fun aBoxFollowsFromTheEyes() {
        assertEquals(FaceBox(32.5, 46.0, 167.5, 181.0), FaceGeometry.ofEyes(100.0, 100.0, 50.0))
        assertEquals(18225.0, FaceGeometry.area(FaceBox(32.5, 46.0, 167.5, 181.0)), 0.0)
    }

    /** The same face as the sensor of a phone held upright sees it, lying on its side: down on the face is right or left. */
    @Test
    fun theEyesOfALyingFaceGiveTheSameBox() {
        val upright = SensorGeometry.ofEyes(FacePoint(75.0, 100.0), FacePoint(125.0, 100.0), FacePoint(100.0, 160.0))
        assertEquals(FaceBox(32.5, 46.0, 167.5, 181.0), upright)
        val lying = SensorGeometry.ofEyes(FacePoint(100.0, 75.0), FacePoint(100.0, 125.0), FacePoint(160.0, 100.0))
        assertEquals(FaceBox(46.0, 32.5, 181.0, 167.5), lying)
        val other = SensorGeometry.ofEyes(FacePoint(100.0, 75.0), FacePoint(100.0, 125.0), FacePoint(40.0, 100.0))
        assertEquals(FaceBox(19.0, 32.5, 154.0, 167.5), other)
    }

    @Test
    fun boxesOutsideOrTinyAreLeftOut() {
        assertTrue(FaceGeometry.isInside(FaceBox(-10.0, -10.0, 30.0, 30.0), 100, 100))
        assertFalse(FaceGeometry.isInside(FaceBox(-40.0, 0.0, 0.0, 40.0), 100, 100))
        assertFalse(FaceGeometry.isInside(FaceBox(10.0, 10.0, 29.0, 40.0), 100, 100))
    }
}
