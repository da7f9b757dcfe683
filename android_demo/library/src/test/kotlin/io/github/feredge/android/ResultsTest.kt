package io.github.feredge.android

import android.graphics.ImageFormat
import io.github.feredge.core.EngineException
import io.github.feredge.core.answer.ProbabilitySmoother
import io.github.feredge.core.camera.FaceBox
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicIntegerArray

/** Streams, with answers made by hand. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class ResultsTest {
    private val closed = AtomicIntegerArray(1000)
    private val collected = AtomicInteger()

    private fun frame(index: Int): Frame {
        val plane = List(3) { FramePlane(ByteBuffer.allocate(4), 2, 1) }
        return Frame.of(plane, ImageFormat.YUV_420_888, 2, 2, 0, index * STEP) { closed.incrementAndGet(index) }
    }

    private fun answer(
        frame: Frame,
        vararg faces: Pair<FaceBox, FloatArray>,
    ) = FerResult(faces.map { FaceEmotions(it.first, listOf("a", "b"), it.second) }, 2, 2, frame.timestampNanos, false)

    private val box = FaceBox(0.0, 0.0, 10.0, 10.0)

    @Test
    fun whatComesWhileAnotherIsWorkedOnIsSkippedForTheNewestAndClosed() {
        val firstIsTaken = CountDownLatch(1)
        val othersAreThere = CountDownLatch(1)
        val frames =
            flow {
                emit(frame(0))
                firstIsTaken.await(10, TimeUnit.SECONDS)
                for (index in 1..9) emit(frame(index))
                othersAreThere.countDown()
            }
        val results =
            runBlocking {
                steadyResults(frames, 2) {
                    firstIsTaken.countDown()
                    othersAreThere.await(10, TimeUnit.SECONDS)
                    answer(it)
                }.toList()
            }
        assertEquals(9 * STEP, results.last().timestampNanos)
        assertTrue(results.size <= 2)
        assertEquals(List(10) { 1 }, List(10, closed::get))
    }

    @Test
    fun theLargestFaceIsSteadiedAndTheOthersAreNot() {
        val raw = listOf(floatArrayOf(1f, 0f), floatArrayOf(0f, 1f))
        val smoother = ProbabilitySmoother(2)
        val expected = raw.mapIndexed { index, values -> smoother.update(values, index * STEP).clone() }
        val results = oneByOne(2) { answer(it, face(it, raw), face(it, raw)) }
        assertArrayEquals(expected[1], results[1].faces[0].probabilities, 0f)
        assertArrayEquals(raw[1], results[1].faces[1].probabilities, 0f)
    }

    @Test
    fun anotherFaceStartsAnew() {
        val elsewhere = FaceBox(50.0, 50.0, 60.0, 60.0)
        val results =
            oneByOne(2) {
                if (it.timestampNanos ==
                    0L
                ) {
                    answer(it, box to floatArrayOf(1f, 0f))
                } else {
                    answer(it, elsewhere to floatArrayOf(0f, 1f))
                }
            }
        assertArrayEquals(floatArrayOf(0f, 1f), results[1].faces[0].probabilities, 0f)
    }

    @Test
    fun aFaultEndsTheStreamAndLeavesNothingOpen() {
        val fault = EngineException("the CPU refuses")
        val found =
            assertThrows(EngineException::class.java) {
                runBlocking { steadyResults(flowOf(frame(0)), 2) { throw fault }.toList() }
            }
        assertSame(fault.message, found.message)
        assertEquals(1, closed.get(0))
    }

    @Test
    fun whoHasEnoughLeavesNothingOpen() {
        var made = 0
        val frames =
            flow {
                while (true) {
                    emit(frame(made++))
                    delay(1)
                }
            }
        runBlocking { steadyResults(frames, 2) { answer(it) }.take(3).toList() }
        // The last one may not have been taken any more, which is its source's affair.
        assertEquals(List(made - 1) { 1 }, List(made - 1, closed::get))
    }

    /** Each once the answer to the one before was collected, so that none is skipped. */
    private fun oneByOne(
        count: Int,
        analyze: (Frame) -> FerResult,
    ): List<FerResult> {
        val frames =
            flow {
                for (index in 0 until count) {
                    emit(frame(index))
                    while (collected.get() <= index) delay(1)
                }
            }
        return runBlocking { steadyResults(frames, 2, analyze).onEach { collected.incrementAndGet() }.toList() }
    }

    private fun face(
        frame: Frame,
        raw: List<FloatArray>,
    ) = box to raw[(frame.timestampNanos / STEP).toInt()]

    private companion object {
        const val STEP = 40_000_000L
    }
}
