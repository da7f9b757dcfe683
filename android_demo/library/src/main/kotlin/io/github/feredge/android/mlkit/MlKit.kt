// ML Kit: an app that uses these has com.google.mlkit:face-detection.
@file:JvmName("MlKit")

package io.github.feredge.android.mlkit

import android.graphics.Bitmap
import android.graphics.Rect
import com.google.android.gms.tasks.Tasks
import com.google.mlkit.vision.common.InputImage
import com.google.mlkit.vision.face.Face
import com.google.mlkit.vision.face.FaceDetector
import com.google.mlkit.vision.face.FaceLandmark
import io.github.feredge.android.faces.FaceFinder
import io.github.feredge.android.faces.FaceGeometry
import io.github.feredge.core.EngineException
import io.github.feredge.core.camera.FaceBox
import java.util.concurrent.ExecutionException
import kotlin.math.hypot

/**
 * Where ML Kit saw the face, in pixels of the upright picture: from the eyes, as the models want it ([FaceGeometry.ofEyes]), where
 * the detector was made with `LANDMARK_MODE_ALL` and sees both, else ML Kit's own box, which is of another size.
 */
public val Face.box: FaceBox
    get() {
        val left = getLandmark(FaceLandmark.LEFT_EYE)?.position
        val right = getLandmark(FaceLandmark.RIGHT_EYE)?.position
        if (left == null || right == null) return boundingBox.asFaceBox()
        return FaceGeometry.ofEyes(
            (left.x + right.x) / 2.0,
            (left.y + right.y) / 2.0,
            hypot(left.x.toDouble() - right.x, left.y.toDouble() - right.y),
        )
    }

private fun Rect.asFaceBox() = FaceBox(left.toDouble(), top.toDouble(), right.toDouble(), bottom.toDouble())

/**
 * ML Kit's detector as the finder of [io.github.feredge.android.FerOptions]; waits for it, so not on the main thread.
 *
 * @param detector of `FaceDetection.getClient`, best with `LANDMARK_MODE_ALL`; the app closes it.
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
