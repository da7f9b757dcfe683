package io.github.feredge.app.camera

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureRequest
import android.os.Handler

/** The phone's cameras by Camera2: YUV_420_888 near 640x480. Translates; decides nothing. */
class Camera2Devices(
    context: Context,
    private val handler: Handler,
) : CameraDevices {
    private val manager = context.getSystemService(Context.CAMERA_SERVICE) as CameraManager
    private var watcher: CameraManager.AvailabilityCallback? = null

    override fun choose(isFront: Boolean): CameraTraits? {
        val wanted = if (isFront) CameraCharacteristics.LENS_FACING_FRONT else CameraCharacteristics.LENS_FACING_BACK
        return translated {
            val ids = manager.cameraIdList
            val id = ids.firstOrNull { traits(it).get(CameraCharacteristics.LENS_FACING) == wanted } ?: ids.firstOrNull()
            id?.let { describe(it, traits(it)) }
        }
    }

    private fun traits(id: String) = manager.getCameraCharacteristics(id)

    private fun describe(
        id: String,
        found: CameraCharacteristics,
    ): CameraTraits {
        val sizes =
            found
                .get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
                ?.getOutputSizes(ImageFormat.YUV_420_888)
                .orEmpty()
                .map { it.width to it.height }
        val (width, height) = SensorGeometry.nearest(sizes)
        return CameraTraits(
            id,
            found.get(CameraCharacteristics.LENS_FACING) == CameraCharacteristics.LENS_FACING_FRONT,
            found.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0,
            width,
            height,
            faceMode(found) != CaptureRequest.STATISTICS_FACE_DETECT_MODE_OFF &&
                found.get(CameraCharacteristics.SENSOR_INFO_ACTIVE_ARRAY_SIZE) != null,
        )
    }

    // The screen asks for the permission before it starts a source that needs it.
    @SuppressLint("MissingPermission")
    override fun open(
        traits: CameraTraits,
        events: CameraEvents,
    ) {
        translated {
            val found = traits(traits.id)
            manager.openCamera(traits.id, DeviceCallback(traits, found, events), handler)
        }
    }

    override fun watch(isFree: ((id: String?) -> Unit)?) {
        watcher?.let(manager::unregisterAvailabilityCallback)
        watcher = null
        if (isFree == null) return
        val callback =
            object : CameraManager.AvailabilityCallback() {
                override fun onCameraAvailable(cameraId: String) = isFree(cameraId)

                // From Android 10 on: in a split screen the camera goes to the app that was touched last.
                override fun onCameraAccessPrioritiesChanged() = isFree(null)
            }
        watcher = callback
        manager.registerAvailabilityCallback(callback, handler)
    }

    /** Camera2's answers about one call of `openCamera`; one [OpenCamera] for all of them. */
    private inner class DeviceCallback(
        private val traits: CameraTraits,
        private val found: CameraCharacteristics,
        private val events: CameraEvents,
    ) : CameraDevice.StateCallback() {
        private var open: Camera2Camera? = null

        private fun of(device: CameraDevice) = open ?: Camera2Camera(device, traits, found, handler).also { open = it }

        override fun onOpened(camera: CameraDevice) = events.onOpened(of(camera))

        override fun onDisconnected(camera: CameraDevice) = events.onLost(of(camera), CameraProblem.TAKEN)

        override fun onError(
            camera: CameraDevice,
            error: Int,
        ) = events.onLost(of(camera), ofError(error))
    }

    /** Words of Camera2 for what this app tells. */
    companion object {
        /** The best face mode of a camera. */
        internal fun faceMode(found: CameraCharacteristics): Int =
            found.get(CameraCharacteristics.STATISTICS_INFO_AVAILABLE_FACE_DETECT_MODES)?.maxOrNull()
                ?: CaptureRequest.STATISTICS_FACE_DETECT_MODE_OFF

        /** Meaning of `CameraDevice.StateCallback.onError`. */
        internal fun ofError(error: Int): CameraProblem =
            when (error) {
                CameraDevice.StateCallback.ERROR_CAMERA_IN_USE,
                CameraDevice.StateCallback.ERROR_MAX_CAMERAS_IN_USE,
                -> CameraProblem.TAKEN

                CameraDevice.StateCallback.ERROR_CAMERA_DISABLED -> CameraProblem.DISABLED

                else -> CameraProblem.FAILED
            }

        /** Meaning of `CameraAccessException.getReason`. */
        internal fun ofReason(reason: Int): CameraProblem =
            when (reason) {
                CameraAccessException.CAMERA_IN_USE, CameraAccessException.MAX_CAMERAS_IN_USE -> CameraProblem.TAKEN
                CameraAccessException.CAMERA_DISABLED -> CameraProblem.DISABLED
                else -> CameraProblem.FAILED
            }

        /**
         * Calls the framework, whose documented exceptions are a [CameraFault] here: a camera that was unplugged is an
         * IllegalArgumentException, one that was closed meanwhile an IllegalStateException.
         */
        internal fun <T> translated(work: () -> T): T =
            try {
                work()
            } catch (error: CameraAccessException) {
                throw CameraFault(ofReason(error.reason), error)
            } catch (error: SecurityException) {
                throw CameraFault(CameraProblem.DENIED, error)
            } catch (error: IllegalArgumentException) {
                throw CameraFault(CameraProblem.FAILED, error)
            } catch (error: IllegalStateException) {
                throw CameraFault(CameraProblem.FAILED, error)
            }
    }
}
