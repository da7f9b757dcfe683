package io.github.feredge.app.camera

import android.graphics.ImageFormat
import android.graphics.Point
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.CaptureResult
import android.hardware.camera2.TotalCaptureResult
import android.hardware.camera2.params.Face
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import io.github.feredge.core.camera.FaceBox

/** An open camera of Camera2 with one stream of pictures. */
internal class Camera2Camera(
    private val device: CameraDevice,
    private val traits: CameraTraits,
    private val found: CameraCharacteristics,
    private val handler: Handler,
) : OpenCamera {
    private var images: SharedImages? = null
    private var isClosed = false

    override fun begin(stream: CameraStream) {
        val reader = ImageReader.newInstance(traits.width, traits.height, ImageFormat.YUV_420_888, SharedImages.MOST)
        val images = SharedImages(reader).also { this.images = it }
        reader.setOnImageAvailableListener({ images.next()?.let(stream::onImage) }, handler)
        Camera2Devices.translated {
            // The newer call with a SessionConfiguration begins with Android 9.
            @Suppress("DEPRECATION")
            device.createCaptureSession(listOf(reader.surface), Session(reader, stream), handler)
        }
    }

    override fun close() {
        if (isClosed) return
        isClosed = true
        device.close()
        images?.close()
    }

    private inner class Session(
        private val reader: ImageReader,
        private val stream: CameraStream,
    ) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(session: CameraCaptureSession) {
            if (isClosed) return
            try {
                Camera2Devices.translated { session.setRepeatingRequest(request(reader), Results(stream), handler) }
            } catch (_: CameraFault) {
                stream.onRefused()
            }
        }

        override fun onConfigureFailed(session: CameraCaptureSession) = stream.onRefused()
    }

    private fun request(reader: ImageReader): CaptureRequest =
        device
            .createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
            .apply {
                addTarget(reader.surface)
                set(CaptureRequest.STATISTICS_FACE_DETECT_MODE, Camera2Devices.faceMode(found))
            }.build()

    private inner class Results(
        private val stream: CameraStream,
    ) : CameraCaptureSession.CaptureCallback() {
        override fun onCaptureCompleted(
            session: CameraCaptureSession,
            request: CaptureRequest,
            result: TotalCaptureResult,
        ) {
            val area = found.get(CameraCharacteristics.SENSOR_INFO_ACTIVE_ARRAY_SIZE) ?: return
            val time = result.get(CaptureResult.SENSOR_TIMESTAMP) ?: return
            if (!traits.offersFaces) return
            val faces =
                result.get(CaptureResult.STATISTICS_FACES).orEmpty().map { face ->
                    val box = box(face)
                    val onPicture =
                        SensorGeometry.onPicture(box, area.width(), area.height(), traits.width, traits.height)
                    SensorFace(onPicture, face.score)
                }
            stream.onFaces(time, faces)
        }

        /** From the eyes where the camera tells them: boxes are the maker's taste. */
        private fun box(face: Face): FaceBox {
            val (left, right, mouth) = listOf(face.leftEyePosition, face.rightEyePosition, face.mouthPosition).map { point(it) }
            if (left != null && right != null && mouth != null) return SensorGeometry.ofEyes(left, right, mouth)
            val bounds = face.bounds
            return FaceBox(bounds.left.toDouble(), bounds.top.toDouble(), bounds.right.toDouble(), bounds.bottom.toDouble())
        }

        private fun point(place: Point?) = place?.let { FacePoint(it.x.toDouble(), it.y.toDouble()) }
    }
}

/** An image reader that stays open while somebody still reads one of its pictures: their bytes go with it. */
internal class SharedImages(
    private val reader: ImageReader,
) {
    private var count = 0
    private var isClosed = false

    /** The next picture, null if there is none. */
    @Synchronized
    fun next(): CameraImage? {
        if (isClosed || count >= MOST) return null
        val image = reader.acquireNextImage() ?: return null
        count += 1
        return Shared(image)
    }

    @Synchronized
    fun close() {
        if (isClosed) return
        isClosed = true
        if (count == 0) reader.close()
    }

    @Synchronized
    private fun giveBack(image: Image) {
        image.close()
        count -= 1
        if (isClosed && count == 0) reader.close()
    }

    private inner class Shared(
        private val image: Image,
    ) : CameraImage {
        private var isGivenBack = false
        override val timestampNanos: Long = image.timestamp

        override fun picture(
            rotation: Int,
            isFront: Boolean,
            faces: List<FaceBox>?,
        ): Picture {
            val (y, u, v) = image.planes.map { PicturePlane(it.buffer, it.rowStride, it.pixelStride) }
            return Picture(image.width, image.height, y, u, v, rotation, timestampNanos, isFront, faces)
        }

        override fun close() {
            if (isGivenBack) return
            isGivenBack = true
            giveBack(image)
        }
    }

    companion object {
        /** Waiting for their faces 2, waiting for the worker 1, in its hands 1, arriving 1; one to spare. */
        const val MOST = 6
    }
}
