// ML Kit: an app that uses these has com.google.mlkit:face-detection.
@file:JvmName("MlKit")

package io.github.feredge.android.mlkit

import android.graphics.Bitmap
import com.google.android.gms.tasks.Tasks
import com.google.mlkit.vision.common.InputImage
import com.google.mlkit.vision.face.Face
import com.google.mlkit.vision.face.FaceDetector
import io.github.feredge.android.faces.FaceFinder
import io.github.feredge.android.faces.FaceGeometry
import io.github.feredge.core.EngineException
import io.github.feredge.core.camera.FaceBox
import java.util.concurrent.ExecutionException

/** Where ML Kit saw the face, in pixels of the upright picture. */
public val Face.box: FaceBox
    get() = boundingBox.run { FaceBox(left.toDouble(), top.toDouble(), right.toDouble(), bottom.toDouble()) }

/**
 * ML Kit's detector as the finder of [io.github.feredge.android.FerOptions]; waits for it, so not on the main thread.
 *
 * @param detector of `FaceDetection.getClient`; the app closes it.
 */
public class MlKitFaces(
    private val detector: FaceDetector,
) : FaceFinder {
    /** @throws EngineException ML Kit failed, such as for want of its model. */
    override fun find(upright: Bitmap): List<FaceBox> =
        try {
            Tasks.await(detector.process(InputImage.fromBitmap(upright, 0))).map { it.box }.sortedByDescending(FaceGeometry::area)
        } catch (error: ExecutionException) {
            throw EngineException("ML Kit finds no faces: ${error.cause?.message ?: error.message}", error)
        }
}
