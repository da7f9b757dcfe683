package io.github.feredge.app.camera

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

/** Every order in which a camera may answer. */
class CameraKeeperTest {
    private val cameras = ScriptedCameras()
    private val turns = ManualTurns()
    private val problems = ArrayList<CameraProblem>()
    private val images = ArrayList<CameraImage>()
    private val keeper =
        CameraKeeper(
            cameras,
            turns,
            object : KeeperListener {
                override fun onBegin(traits: CameraTraits) = Unit

                override fun onImage(image: CameraImage) {
                    images.add(image)
                }

                override fun onFaces(
                    timestampNanos: Long,
                    faces: List<SensorFace>,
                ) = Unit

                override fun onProblem(problem: CameraProblem) {
                    problems.add(problem)
                }
            },
        )

    private fun running(): ScriptedCamera {
        keeper.start(isFront = true)
        return cameras.openLast()
    }

    @Test
    fun picturesComeFromStartToStop() {
        val camera = running()
        camera.stream!!.onImage(ScriptedImage(1))
        keeper.stop()
        val late = ScriptedImage(2)
        camera.stream!!.onImage(late)
        assertEquals(listOf(1L), images.map { it.timestampNanos })
        assertEquals("a late picture is given back", 1, late.closed)
        assertEquals(0, cameras.on)
        assertNull(cameras.watcher)
    }

    @Test
    fun aCameraThatOpensAfterTheStopIsClosedAtOnce() {
        keeper.start(isFront = true)
        keeper.stop()
        val camera = cameras.openLast()
        assertFalse(camera.isOpen)
        assertNull("nobody asked it for pictures", camera.stream)
        assertTrue(problems.isEmpty())
    }

    @Test
    fun stopAndStartWhileTheFirstStillOpensLeavesOneOn() {
        keeper.start(isFront = true)
        keeper.stop()
        keeper.start(isFront = false)
        val second = cameras.open(cameras.wishes[1])
        val first = cameras.open(cameras.wishes[0])
        assertFalse(first.isOpen)
        assertTrue(second.isOpen)
        assertEquals(1, cameras.on)
    }

    @Test
    fun changingTheLensClosesTheOtherCamera() {
        val first = running()
        keeper.start(isFront = false)
        assertFalse(first.isOpen)
        assertTrue(cameras.openLast().isOpen)
        assertEquals(1, cameras.on)
    }

    @Test
    fun callbacksAfterADisconnectAreNotHeard() {
        val camera = running()
        cameras.wishes[0].onLost(camera, CameraProblem.TAKEN)
        val late = ScriptedImage(1)
        camera.stream!!.onImage(late)
        camera.stream!!.onRefused()
        cameras.wishes[0].onLost(camera, CameraProblem.FAILED)
        assertEquals(1, late.closed)
        assertEquals(listOf(CameraProblem.TAKEN), problems)
        turns.pass(60_000)
        assertEquals("it waits for a free camera and does not try by itself", 1, cameras.wishes.size)
    }

    @Test
    fun aCameraThatAnotherAppTookComesBackWhenItIsFree() {
        cameras.wishes.clear()
        val camera = running()
        cameras.wishes[0].onLost(camera, CameraProblem.TAKEN)
        assertFalse(camera.isOpen)
        assertNotNull(cameras.watcher).also { cameras.watcher!!("0") }
        assertTrue(cameras.openLast().isOpen)
        assertEquals(2, cameras.wishes.size)
    }

    @Test
    fun inASplitScreenItIsTriedUntilThePrioritiesChange() {
        cameras.refusal = CameraProblem.TAKEN
        keeper.start(isFront = true)
        cameras.watcher!!("1")
        assertEquals(listOf(CameraProblem.TAKEN, CameraProblem.TAKEN), problems)
        cameras.refusal = null
        cameras.watcher!!(null)
        assertTrue(cameras.openLast().isOpen)
    }

    @Test
    fun comingToTheFrontTriesAgain() {
        cameras.refusal = CameraProblem.TAKEN
        keeper.start(isFront = true)
        cameras.refusal = null
        keeper.retry()
        assertEquals(1, cameras.wishes.size)
        keeper.retry()
        assertEquals("not twice while it opens", 1, cameras.wishes.size)
    }

    @Test
    fun aRunningCameraIsNotDisturbedByNewsOfOthers() {
        val camera = running()
        cameras.watcher!!("1")
        cameras.watcher!!(null)
        assertTrue(camera.isOpen)
        assertEquals(1, cameras.wishes.size)
    }

    @Test
    fun anErrorIsTriedAgainAfterPausesThatDouble() {
        keeper.start(isFront = true)
        val tries = ArrayList<Int>()
        repeat(3) {
            cameras.wishes.last().onLost(ScriptedCamera(null), CameraProblem.FAILED)
            turns.pass(CameraKeeper.SHORTEST_PAUSE_MILLIS shl it)
            tries.add(cameras.wishes.size)
        }
        assertEquals(listOf(2, 3, 4), tries)
        cameras.wishes.last().onLost(ScriptedCamera(null), CameraProblem.FAILED)
        turns.pass(CameraKeeper.SHORTEST_PAUSE_MILLIS)
        assertEquals("the fourth pause is longer than the first", 4, cameras.wishes.size)
    }

    @Test
    fun theFirstPictureMakesThePauseShortAgain() {
        keeper.start(isFront = true)
        repeat(2) {
            cameras.wishes.last().onLost(ScriptedCamera(null), CameraProblem.FAILED)
            turns.pass(CameraKeeper.LONGEST_PAUSE_MILLIS)
        }
        val camera = cameras.openLast()
        camera.stream!!.onImage(ScriptedImage(1))
        cameras.wishes.last().onLost(camera, CameraProblem.FAILED)
        turns.pass(CameraKeeper.SHORTEST_PAUSE_MILLIS)
        assertEquals(4, cameras.wishes.size)
    }

    @Test
    fun aRetryThatIsDueAfterTheStopOpensNothing() {
        keeper.start(isFront = true)
        cameras.wishes.last().onLost(ScriptedCamera(null), CameraProblem.FAILED)
        keeper.stop()
        turns.pass(60_000)
        assertEquals(1, cameras.wishes.size)
    }

    @Test
    fun aCameraThatIsGoneWhenPicturesAreAskedForIsClosed() {
        keeper.start(isFront = true)
        val camera = cameras.openLast(fault = CameraProblem.FAILED)
        assertFalse(camera.isOpen)
        turns.pass(CameraKeeper.SHORTEST_PAUSE_MILLIS)
        assertTrue(cameras.openLast().isOpen)
        assertEquals(1, cameras.on)
    }

    @Test
    fun aDeviceWithoutACameraIsTold() {
        cameras.hasCamera = false
        keeper.start(isFront = true)
        turns.pass(60_000)
        assertEquals(listOf(CameraProblem.NONE), problems)
    }
}
