package io.github.feredge.app.camera

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.hardware.camera2.CaptureResult
import android.hardware.camera2.TotalCaptureResult
import android.media.Image
import android.media.ImageReader
import android.os.Handler
import io.github.feredge.core.camera.FaceBox

/** The phone's camera by Camera2: YUV_420_888 near 640x480, and the camera's own faces where it offers them. */
class Camera2Source(
    private val context: Context,
) : PictureSource {
    override val needsPermission: Boolean = true

    private var running: RunningCamera? = null

    override fun start(
        isFront: Boolean,
        displayDegrees: Int,
        handler: Handler,
        listener: PictureListener,
    ) {
        stop()
        val manager = context.getSystemService(Context.CAMERA_SERVICE) as CameraManager
        try {
            val id = choose(manager, isFront)
            if (id == null) {
                listener.onCameraError("This device has no camera.")
                return
            }
            val camera = RunningCamera(manager.getCameraCharacteristics(id), displayDegrees, handler, listener)
            running = camera
            open(manager, id, camera, handler)
        } catch (error: CameraAccessException) {
            listener.onCameraError(error.message ?: "The camera cannot be opened.")
        } catch (error: SecurityException) {
            listener.onCameraError(error.message ?: "The camera is not allowed.")
        }
    }

    // The screen asks for the permission before it starts a source that needs it.
    @SuppressLint("MissingPermission")
    private fun open(
        manager: CameraManager,
        id: String,
        camera: RunningCamera,
        handler: Handler,
    ) {
        manager.openCamera(id, camera.deviceCallback, handler)
    }

    override fun stop() {
        running?.close()
        running = null
    }

    private fun choose(
        manager: CameraManager,
        isFront: Boolean,
    ): String? {
        val wanted = if (isFront) CameraCharacteristics.LENS_FACING_FRONT else CameraCharacteristics.LENS_FACING_BACK
        val ids = manager.cameraIdList
        return ids.firstOrNull { manager.getCameraCharacteristics(it).get(CameraCharacteristics.LENS_FACING) == wanted }
            ?: ids.firstOrNull()
    }
}

private class RunningCamera(
    private val traits: CameraCharacteristics,
    displayDegrees: Int,
    private val handler: Handler,
    private val listener: PictureListener,
) {
    private val isFront = traits.get(CameraCharacteristics.LENS_FACING) == CameraCharacteristics.LENS_FACING_FRONT
    private val rotation =
        SensorGeometry.rotation(traits.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0, displayDegrees, isFront)
    private val array = traits.get(CameraCharacteristics.SENSOR_INFO_ACTIVE_ARRAY_SIZE)
    private val faceMode =
        traits.get(CameraCharacteristics.STATISTICS_INFO_AVAILABLE_FACE_DETECT_MODES)?.maxOrNull()
            ?: CaptureRequest.STATISTICS_FACE_DETECT_MODE_OFF
    private val offersFaces = faceMode != CaptureRequest.STATISTICS_FACE_DETECT_MODE_OFF && array != null
    private val reader = reader()
    private var device: CameraDevice? = null
    private var isClosed = false

    @Volatile
    private var faces: List<FaceBox>? = if (offersFaces) emptyList() else null

    val deviceCallback =
        object : CameraDevice.StateCallback() {
            override fun onOpened(camera: CameraDevice) {
                device = camera
                if (isClosed) camera.close() else begin(camera)
            }

            override fun onDisconnected(camera: CameraDevice) {
                camera.close()
                if (!isClosed) listener.onCameraError("Another app took the camera.")
            }

            override fun onError(
                camera: CameraDevice,
                error: Int,
            ) {
                camera.close()
                if (!isClosed) listener.onCameraError("The camera reports error $error.")
            }
        }

    private fun reader(): ImageReader {
        val sizes =
            traits
                .get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
                ?.getOutputSizes(ImageFormat.YUV_420_888)
                .orEmpty()
                .map { it.width to it.height }
        val (width, height) = SensorGeometry.nearest(sizes)
        val reader = ImageReader.newInstance(width, height, ImageFormat.YUV_420_888, IMAGES)
        // The latest only: what came while the last picture was worked on is dropped.
        reader.setOnImageAvailableListener({ it.acquireLatestImage()?.use(::deliver) }, handler)
        return reader
    }

    private fun deliver(image: Image) {
        if (isClosed) return
        val (y, u, v) = image.planes.map { PicturePlane(it.buffer, it.rowStride, it.pixelStride) }
        listener.onPicture(Picture(image.width, image.height, y, u, v, rotation, image.timestamp, isFront, faces))
    }

    private fun begin(camera: CameraDevice) {
        try {
            // The newer call with a SessionConfiguration begins with Android 9.
            @Suppress("DEPRECATION")
            camera.createCaptureSession(listOf(reader.surface), sessionCallback, handler)
        } catch (error: CameraAccessException) {
            listener.onCameraError(error.message ?: "The camera cannot be used.")
        }
    }

    private val sessionCallback =
        object : CameraCaptureSession.StateCallback() {
            override fun onConfigured(session: CameraCaptureSession) {
                if (isClosed) return
                try {
                    session.setRepeatingRequest(request(session.device), captureCallback, handler)
                } catch (error: CameraAccessException) {
                    listener.onCameraError(error.message ?: "The camera does not start.")
                }
            }

            override fun onConfigureFailed(session: CameraCaptureSession) {
                listener.onCameraError("The camera offers no pictures in YUV_420_888.")
            }
        }

    private fun request(camera: CameraDevice): CaptureRequest =
        camera
            .createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
            .apply {
                addTarget(reader.surface)
                set(CaptureRequest.STATISTICS_FACE_DETECT_MODE, faceMode)
            }.build()

    private val captureCallback =
        object : CameraCaptureSession.CaptureCallback() {
            override fun onCaptureCompleted(
                session: CameraCaptureSession,
                request: CaptureRequest,
                result: TotalCaptureResult,
            ) {
                val area = array ?: return
                if (!offersFaces) return
                faces =
                    result.get(CaptureResult.STATISTICS_FACES).orEmpty().map { face ->
                        val bounds = face.bounds
                        val box =
                            FaceBox(
                                bounds.left.toDouble(),
                                bounds.top.toDouble(),
                                bounds.right.toDouble(),
                                bounds.bottom.toDouble(),
                            )
                        SensorGeometry.onPicture(box, area.width(), area.height(), reader.width, reader.height)
                    }
            }
        }

    /** Called by the screen's thread; the handler's thread looks at [isClosed]. */
    fun close() {
        handler.post {
            isClosed = true
            device?.close()
            reader.close()
        }
    }

    private companion object {
        const val IMAGES = 3
    }
}
