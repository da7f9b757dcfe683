package io.github.feredge.app.camera

import io.github.feredge.core.camera.FaceBox
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.Closeable

class PairingTest {
    private fun face(
        x: Int,
        score: Int = 100,
    ) = listOf(SensorFace(FaceBox(x.toDouble(), 0.0, x + 50.0, 50.0), score))

    private fun told(pairs: List<PairedFrame>) =
        pairs.map {
            it.image.timestampNanos to
                it.faces
                    ?.first()
                    ?.box
                    ?.x0
        }

    @Test
    fun facesMeetThePictureOfTheirTime() {
        val pairing = FramePairing(hasFaces = true)
        assertTrue(pairing.onImage(ScriptedImage(1)).isEmpty())
        assertTrue("faces of the next picture come first", pairing.onFaces(2, face(20)).isEmpty())
        assertEquals(listOf(1L to 10.0), told(pairing.onFaces(1, face(10))))
        assertEquals(listOf(2L to 20.0), told(pairing.onImage(ScriptedImage(2))))
    }

    @Test
    fun aPictureWhoseFacesAreLostGoesOnWithoutAny() {
        val pairing = FramePairing(hasFaces = true)
        pairing.onImage(ScriptedImage(1))
        pairing.onImage(ScriptedImage(2))
        assertEquals(listOf(1L to null), told(pairing.onImage(ScriptedImage(3))))
        assertEquals(listOf(2L to null, 3L to 30.0), told(pairing.onFaces(3, face(30))))
    }

    @Test
    fun withoutFacesNothingWaits() {
        assertEquals(listOf(1L to null), told(FramePairing(hasFaces = false).onImage(ScriptedImage(1))))
    }

    @Test
    fun whatWaitsIsGivenBackAtTheEnd() {
        val pairing = FramePairing(hasFaces = true)
        val waiting = ScriptedImage(1).also(pairing::onImage)
        pairing.clear()
        assertEquals(1, waiting.closed)
    }

    @Test
    fun facesWithLowScoresAreLeftOut() {
        val promise = FacePromise()
        assertEquals(emptyList<FaceBox>(), promise.faces(0, face(1, score = 49)))
        assertEquals(listOf(2.0), promise.faces(1, face(2, score = 50))?.map { it.x0 })
    }

    /** Two seconds of pictures without any face: from then on somebody else looks, until the camera finds one. */
    @Test
    fun aPromiseThatIsNotKeptIsNotBelieved() {
        val promise = FacePromise()
        val second = 1_000_000_000L
        assertEquals(emptyList<FaceBox>(), promise.faces(5 * second, emptyList()))
        assertEquals(emptyList<FaceBox>(), promise.faces(7 * second - 1, emptyList()))
        assertNull(promise.faces(7 * second, emptyList()))
        assertNull(promise.faces(8 * second, face(1, score = 10)))
        assertEquals(1, promise.faces(9 * second, face(1))?.size)
        assertEquals(emptyList<FaceBox>(), promise.faces(10 * second, emptyList()))
    }

    @Test
    fun theMailboxHoldsTheNewestAndClosesTheRest() {
        val box = Mailbox<Closeable>()
        val (first, second, third) = List(3) { ScriptedImage(it.toLong()) }
        assertTrue("somebody must be told", box.put(first))
        assertFalse("was told already", box.put(second))
        assertEquals(1, first.closed)
        assertEquals(second, box.take())
        assertNull(box.take())
        box.close()
        assertFalse(box.put(third))
        assertEquals(1, third.closed)
        assertEquals("what was taken belongs to its taker", 0, second.closed)
    }
}
