package io.github.feredge.app.documents

import io.github.feredge.app.camera.Picture
import io.github.feredge.app.camera.PicturePlane
import io.github.feredge.core.bundle.Contract
import io.github.feredge.core.camera.FaceBox
import java.nio.ByteBuffer

/** `fer-edge-dump/1`: frame, tensor and probabilities as they were on the device, for `fer-verify diagnose`. Free of Android. */
object DumpDocument {
    /** The schema that this app writes. */
    const val SCHEMA: String = "fer-edge-dump/1"

    /**
     * The document.
     *
     * @param picture as the camera gave it.
     * @param box of the face in the upright picture, before the margin; null: the whole picture.
     * @param contract of the model.
     * @param tensor what the engine got, from index 0 to its capacity.
     * @param variant of the model.
     * @param probabilities in label order, of this frame alone; what is not finite becomes null.
     * @param device for people.
     */
    fun text(
        picture: Picture,
        box: FaceBox?,
        contract: Contract,
        tensor: ByteBuffer,
        variant: String,
        probabilities: FloatArray,
        device: String,
    ): String =
        JsonText.of(
            linkedMapOf(
                "schema" to SCHEMA,
                "frame" to frame(picture),
                "rotation" to picture.rotation,
                "mirror" to contract.camera.mirror,
                "box" to box?.let { listOf(it.x0, it.y0, it.x1, it.y1) },
                "tensor" to linkedMapOf("dtype" to contract.input.type.word, "data" to all(tensor)),
                "probabilities" to mapOf(variant to probabilities.map { value -> value.takeIf { it.isFinite() } }),
                "contract_sha256" to contract.sha256,
                "device" to device,
            ),
        )

    private fun all(tensor: ByteBuffer): String {
        val view = tensor.duplicate()
        view.clear()
        return JsonText.base64(view)
    }

    private fun frame(picture: Picture): Map<String, Any> =
        linkedMapOf(
            "kind" to "yuv420",
            "width" to picture.width,
            "height" to picture.height,
            "y" to plane(picture.y),
            "u" to plane(picture.u),
            "v" to plane(picture.v),
        )

    private fun plane(plane: PicturePlane): Map<String, Any> =
        linkedMapOf(
            "data" to JsonText.base64(plane.data),
            "row_stride" to plane.rowStride,
            "pixel_stride" to plane.pixelStride,
        )
}
