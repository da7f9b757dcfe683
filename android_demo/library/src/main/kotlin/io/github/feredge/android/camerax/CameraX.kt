// CameraX: an app that uses these functions has androidx.camera:camera-core.
@file:JvmName("CameraX")

package io.github.feredge.android.camerax

import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import io.github.feredge.android.FerEdge
import io.github.feredge.android.FerResult
import io.github.feredge.android.Frame
import io.github.feredge.android.FramePlane
import io.github.feredge.core.FerEdgeException
import io.github.feredge.core.camera.FaceBox
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import java.util.concurrent.Executor

/** The picture as a [Frame]; closing one closes the other. */
public fun ImageProxy.asFrame(): Frame =
    Frame.of(
        planes.map { FramePlane(it.buffer, it.rowStride, it.pixelStride) },
        format,
        width,
        height,
        imageInfo.rotationDegrees,
        imageInfo.timestamp,
        ::close,
    )

/**
 * Classifies the faces of a picture, which stays open.
 *
 * @param image in either format of `ImageAnalysis`.
 * @param box of a face in the upright picture; null: faces are found.
 * @throws FerEdgeException see [FerEdge.analyze].
 */
@JvmOverloads
public fun FerEdge.analyze(
    image: ImageProxy,
    box: FaceBox? = null,
): FerResult = analyze(image.asFrame(), box)

/**
 * The pictures of this use case, for [FerEdge.results]; the analyzer is set while somebody collects.
 *
 * @param executor on which CameraX hands pictures over; nothing is computed there.
 */
public fun ImageAnalysis.frames(executor: Executor): Flow<Frame> =
    flow {
        val newest = Channel<Frame>(Channel.CONFLATED, onUndeliveredElement = Frame::close)
        setAnalyzer(executor) { image -> if (newest.trySend(image.asFrame()).isFailure) image.close() }
        try {
            for (frame in newest) handOver(frame)
        } finally {
            clearAnalyzer()
            newest.cancel()
        }
    }

/** A frame that is not taken, since nobody collects any more, is closed here; a second close does nothing. */
@Suppress("TooGenericExceptionCaught")
private suspend fun FlowCollector<Frame>.handOver(frame: Frame) {
    try {
        emit(frame)
    } catch (error: Throwable) {
        frame.close()
        throw error
    }
}
