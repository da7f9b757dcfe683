import android.content.Context
import android.media.Image
import androidx.camera.core.ImageAnalysis
import io.github.feredge.android.FerEdge
import io.github.feredge.android.camerax.frames
import io.github.feredge.core.camera.FaceBox
import java.util.concurrent.Executor

/** The likeliest emotion in one picture of Camera2. */
fun analyzeOnce(
    context: Context,
    image: Image,
): String {
    val fer = FerEdge.create(context, "bundle")
    val result = fer.analyze(image, rotation = 90, box = FaceBox(10.0, 20.0, 110.0, 120.0))
    return result.face?.first?.label ?: "no face"
}

/** The same for every picture of CameraX, faces found, steadied over time. */
suspend fun analyzeAll(
    context: Context,
    analysis: ImageAnalysis,
    executor: Executor,
) {
    val fer = FerEdge.create(context, "bundle")
    fer.results(analysis.frames(executor)).collect { println(it.face?.top(2) ?: "no face") }
}
