package io.github.feredge.android

import io.github.feredge.core.answer.ProbabilitySmoother
import io.github.feredge.core.camera.FaceBox
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.launch

/** See [FerEdge.results]. */
internal fun steadyResults(
    frames: Flow<Frame>,
    labels: Int,
    analyze: (Frame) -> FerResult,
): Flow<FerResult> =
    flow {
        val steady = SteadyFace(labels)
        coroutineScope {
            // Not conflate(): what is skipped must be closed, or the camera runs out of buffers.
            val newest = Channel<Frame>(Channel.CONFLATED, onUndeliveredElement = Frame::close)
            launch {
                frames.collect { newest.send(it) }
                newest.close()
            }
            try {
                for (frame in newest) emit(steady.update(frame.use(analyze)))
            } finally {
                newest.cancel()
            }
        }
    }.conflate().flowOn(Dispatchers.Default)

/** Steadies the largest face over time, and starts anew with another face. */
private class SteadyFace(
    labels: Int,
) {
    private val smoother = ProbabilitySmoother(labels)
    private var last: FaceBox? = null

    fun update(result: FerResult): FerResult {
        val face = result.face
        val before = last
        last = face?.box
        if (face == null || before == null || !overlap(before, face.box)) smoother.reset()
        if (face == null) return result
        val steadied = smoother.update(face.probabilities, result.timestampNanos).clone()
        val faces = listOf(FaceEmotions(face.box, face.labels, steadied)) + result.faces.drop(1)
        return FerResult(faces, result.width, result.height, result.timestampNanos, result.isRecovered)
    }

    private fun overlap(
        a: FaceBox,
        b: FaceBox,
    ) = a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1
}
