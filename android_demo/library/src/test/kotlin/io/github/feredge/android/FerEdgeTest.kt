package io.github.feredge.android

import android.graphics.Bitmap
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.PixelFormat
import android.graphics.PointF
import android.graphics.Rect
import android.media.Image
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageInfo
import androidx.camera.core.ImageProxy
import com.google.android.gms.tasks.Task
import com.google.mlkit.vision.common.InputImage
import com.google.mlkit.vision.face.Face
import com.google.mlkit.vision.face.FaceDetector
import com.google.mlkit.vision.face.FaceLandmark
import io.github.feredge.android.camerax.analyze
import io.github.feredge.android.camerax.frames
import io.github.feredge.android.engine.Accelerator
import io.github.feredge.android.engine.Engine
import io.github.feredge.android.engine.EngineFactory
import io.github.feredge.android.engine.TfLiteEngines
import io.github.feredge.android.mlkit.MlKitFaces
import io.github.feredge.android.mlkit.box
import io.github.feredge.core.BundleException
import io.github.feredge.core.EngineException
import io.github.feredge.core.FrameException
import io.github.feredge.core.camera.FaceBox
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.nio.ByteBuffer
import kotlin.concurrent.thread

/** The facade with the ready bundle, Android's TensorFlow Lite and a photograph, against the answers of Python. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [34])
class FerEdgeTest {
    private val photograph = Photograph.expected
    private val wholePhotograph = FaceBox(0.0, 0.0, 320.0, 240.0)

    @Before
    fun load() = Ready.needsTflite()

    private fun create(options: FerOptions = FerOptions()) = FerEdge.create(Ready.source, options)

    @Test
    fun aPhotographIsAnsweredAsByPython() {
        create().use { fer ->
            val result = fer.analyze(Photograph.bitmap(), box = photograph.box)
            photograph.compare(result.faces.single())
            assertEquals("happiness", result.face?.first?.label)
            assertEquals("happiness", requireNotNull(result.face).top(2).first().label)
            assertEquals(320 to 240, result.width to result.height)
            assertEquals("tflite-fp32", fer.variant)
            assertNull(fer.fallback)
            assertTrue(fer.engine, fer.engine.startsWith("TensorFlow Lite (XNNPACK, "))
        }
    }

    @Test
    fun everyConfigurationAndRotationOfABitmapIsTheSamePicture() {
        val upright = Photograph.bitmap()
        create().use { fer ->
            for (degrees in listOf(90, 180, 270)) {
                val turn = Matrix().apply { setRotate(-degrees.toFloat()) }
                val turned = Bitmap.createBitmap(upright, 0, 0, upright.width, upright.height, turn, false)
                photograph.compare(fer.analyze(turned, degrees, photograph.box).faces.single())
            }
            val wide = upright.copy(Bitmap.Config.RGBA_F16, false)
            photograph.compare(fer.analyze(wide, box = photograph.box).faces.single())
        }
    }

    @Test
    fun facesAreFoundWhereNoBoxIsGivenTheLargestFirstAndNotMoreThanAsked() {
        var seen: Pair<Int, Int>? = null
        val found =
            listOf(photograph.box, FaceBox(0.0, 0.0, 40.0, 40.0), FaceBox(0.0, 0.0, 30.0, 30.0), FaceBox(900.0, 0.0, 990.0, 90.0))
        val options =
            FerOptions(
                mostFaces = 2,
                faces = {
                    seen = it.width to it.height
                    found
                },
            )
        create(options).use { fer ->
            val result = fer.analyze(Photograph.bitmap())
            assertEquals(320 to 240, seen)
            assertEquals(found.take(2), result.faces.map { it.box })
            photograph.compare(result.faces[0])
        }
    }

    @Test
    fun aPictureWithoutAFaceIsNoError() {
        create(FerOptions(faces = { emptyList() })).use { fer ->
            val result = fer.analyze(Photograph.bitmap())
            assertNull(result.face)
            assertEquals("no face", result.toString())
        }
    }

    @Test
    fun planesOfACameraAnswerAsPython() {
        create().use { fer ->
            val image = HandMadeImage()
            Drawn.expected.compare(fer.analyze(image, Drawn.ROTATION, Drawn.expected.box).faces.single())
            assertFalse("the caller's picture stays open", image.isClosed)
            val proxy = HandMadeProxy()
            Drawn.expected.compare(fer.analyze(proxy, Drawn.expected.box).faces.single())
            assertFalse(proxy.isClosed)
        }
    }

    @Test
    fun aStreamOfCameraXIsAnsweredAndGivenBack() {
        val analysis = ImageAnalysis()
        val proxies = ArrayList<HandMadeProxy>()
        create(FerOptions(faces = { listOf(Drawn.expected.box) })).use { fer ->
            val camera =
                thread {
                    while (!Thread.interrupted()) {
                        val proxy = HandMadeProxy()
                        if (analysis.deliver(proxy)) synchronized(proxies) { proxies.add(proxy) }
                        try {
                            Thread.sleep(20)
                        } catch (_: InterruptedException) {
                            return@thread
                        }
                    }
                }
            val result = runBlocking { fer.results(analysis.frames { it.run() }).first() }
            camera.interrupt()
            camera.join()
            Drawn.expected.compare(result.faces.single())
            assertFalse("nobody listens any more", analysis.deliver(HandMadeProxy()))
            assertTrue(synchronized(proxies) { proxies.isNotEmpty() && proxies.all { it.isClosed } })
        }
    }

    @Test
    fun mlKitFindsTheFace() {
        val detector = HandMadeDetector { listOf(Face(Rect(0, 0, 30, 30)), Face(Rect(93, 66, 188, 161))) }
        create(FerOptions(faces = MlKitFaces(detector))).use { fer ->
            photograph.compare(requireNotNull(fer.analyze(Photograph.bitmap()).face))
        }
        val broken = HandMadeDetector { error("the model was not downloaded") }
        create(FerOptions(faces = MlKitFaces(broken))).use { fer ->
            val fault = assertThrows(EngineException::class.java) { fer.analyze(Photograph.bitmap()) }
            assertEquals("ML Kit finds no faces: the model was not downloaded", fault.message)
        }
    }

    /** The eyes of a box 95 wide lie 38 below its edge, 95 / 2.7 apart; here on a slant, with a box as large as ML Kit likes. */
    @Test
    fun theEyesMakeTheBoxWhereMlKitTellsThem() {
        val (across, down) = 0.8f * 95 / 2.7f / 2 to 0.6f * 95 / 2.7f / 2
        val (left, right) = PointF(140.5f + across, 104f + down) to PointF(140.5f - across, 104f - down)
        val eyes = arrayOf(FaceLandmark(FaceLandmark.LEFT_EYE, left), FaceLandmark(FaceLandmark.RIGHT_EYE, right))
        val found = Face(Rect(70, 40, 210, 190), *eyes).box
        assertEquals(
            listOf(93.0, 66.0, 188.0, 161.0),
            listOf(found.x0, found.y0, found.x1, found.y1).map {
                Math.round(it * 1e3) /
                    1e3
            },
        )
        val oneEye = Face(Rect(93, 66, 188, 161), eyes[0]).box
        assertEquals(photograph.box, oneEye)
    }

    @Test
    fun anAcceleratorThatBreaksDownCostsNoAnswer() {
        val proofs = Ready.bundle.goldenPaths.count { Ready.bundle.golden(it).error == null }
        val options = FerOptions(accelerator = Accelerator.GPU, engines = listOf(Brittle(proofs + 1)))
        create(options).use { fer ->
            assertNull(fer.fallback)
            assertFalse(fer.analyze(Photograph.bitmap(), box = photograph.box).isRecovered)
            val result = fer.analyze(Photograph.bitmap(), box = photograph.box)
            photograph.compare(result.faces.single())
            assertTrue(result.isRecovered)
            assertEquals("a brittle GPU failed while the model ran: the driver is gone", fer.fallback)
            assertTrue(fer.engine, fer.engine.startsWith("TensorFlow Lite (XNNPACK"))
            assertFalse(fer.analyze(Photograph.bitmap(), box = photograph.box).isRecovered)
        }
    }

    @Test
    fun whatDoesNotFitIsASentence() {
        create().use { fer ->
            assertThrows(FrameException::class.java) { fer.analyze(Photograph.bitmap(), 45, photograph.box) }
            assertThrows(FrameException::class.java) { fer.analyze(Photograph.bitmap(), 0, FaceBox(400.0, 0.0, 500.0, 90.0)) }
            fer.analyze(Photograph.bitmap(), 0, wholePhotograph)
        }
        val jpeg = assertThrows(IllegalArgumentException::class.java) { Frame.of(Drawn.planes(), ImageFormat.JPEG, 2, 2, 0, 0L) }
        assertTrue(jpeg.message, jpeg.message.orEmpty().startsWith("the picture has the format 256 and 3 planes; allowed: "))
        assertThrows(IllegalArgumentException::class.java) { Frame.of(Drawn.planes(), PixelFormat.RGBA_8888, 2, 2, 0, 0L) }
        val none = assertThrows(EngineException::class.java) { create(FerOptions(engines = emptyList())) }
        assertEquals(
            "no engine of this app runs a variant of this bundle (tflite-fp32, tflite-int8); it has engines for: nothing; add " +
                "com.google.ai.edge.litert:litert for .tflite or com.microsoft.onnxruntime:onnxruntime-android for .onnx",
            none.message,
        )
        assertThrows(BundleException.UnknownVariant::class.java) { create(FerOptions(variant = "tflite-fp64")) }
    }

    @Test
    fun int8IsOpenedByName() {
        create(FerOptions(variant = "tflite-int8")).use { assertEquals("tflite-int8", it.variant) }
    }
}

/** Runs some times on its accelerator. */
private class Brittle(
    private var runs: Int,
) : EngineFactory {
    private val real = TfLiteEngines()

    override fun open(
        model: ByteBuffer,
        accelerator: Accelerator,
        threads: Int,
    ): Engine {
        val engine = real.open(model, Accelerator.CPU, 1)
        if (accelerator == Accelerator.CPU) return engine
        return object : Engine by engine {
            override val description = "a brittle GPU"

            override fun run(
                input: ByteBuffer,
                output: ByteBuffer,
            ) {
                check(runs-- > 0) { "the driver is gone" }
                engine.run(input, output)
            }
        }
    }
}

private class HandMadeImage : Image() {
    var isClosed = false

    override fun getFormat() = ImageFormat.YUV_420_888

    override fun getWidth() = Drawn.WIDTH

    override fun getHeight() = Drawn.HEIGHT

    override fun getTimestamp() = 0L

    override fun getTransform() = 0

    override fun getScalingMode() = 0

    override fun getPlanes(): Array<Plane> =
        Drawn
            .planes()
            .map {
                object : Plane() {
                    override fun getRowStride() = it.rowStride

                    override fun getPixelStride() = it.pixelStride

                    override fun getBuffer() = it.buffer
                }
            }.toTypedArray()

    override fun close() {
        isClosed = true
    }
}

private class HandMadeProxy :
    ImageProxy,
    ImageInfo {
    @Volatile
    var isClosed = false

    override fun close() {
        isClosed = true
    }

    override fun getFormat() = ImageFormat.YUV_420_888

    override fun getHeight() = Drawn.HEIGHT

    override fun getWidth() = Drawn.WIDTH

    override fun getImageInfo() = this

    override fun getImage(): Image? = null

    override fun getTimestamp() = System.nanoTime()

    override fun getRotationDegrees() = Drawn.ROTATION

    override fun getPlanes(): Array<ImageProxy.PlaneProxy> =
        Drawn
            .planes()
            .map {
                object : ImageProxy.PlaneProxy {
                    override fun getRowStride() = it.rowStride

                    override fun getPixelStride() = it.pixelStride

                    override fun getBuffer() = it.buffer
                }
            }.toTypedArray()
}

private class HandMadeDetector(
    private val faces: () -> List<Face>,
) : FaceDetector {
    override fun process(image: InputImage): Task<List<Face>> =
        object : Task<List<Face>>() {
            override fun getResult() = faces()
        }

    override fun close() = Unit
}
