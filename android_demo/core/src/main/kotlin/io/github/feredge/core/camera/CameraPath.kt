package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.bundle.Contract
import io.github.feredge.core.bundle.InputSpec
import io.github.feredge.core.bundle.Normalization
import io.github.feredge.core.bundle.QuantizationParameters
import java.nio.ByteBuffer

/**
 * From a camera frame to exactly what the model gets: the camera specification, steps 1 to 9.
 *
 * Make one for each artifact and keep it: buffers and tables are its own, nothing is allocated after the first frame of
 * a size. Not for use by several threads at once.
 */
public class CameraPath internal constructor(
    input: InputSpec,
    normalization: Normalization?,
    quantization: QuantizationParameters?,
    private val margin: Double,
    private val mirror: Boolean,
) {
    /** The path of one artifact, with its margin and mirror. */
    public constructor(contract: Contract) : this(
        contract.input,
        contract.normalization,
        contract.inputQuantization,
        contract.camera.cropMargin,
        contract.camera.mirror,
    )

    private val scaler = FrameScaler(input.width, input.height)
    private val writer = TensorWriter(input, normalization, quantization)

    /** The last picture in the model's size before gray and normalization: (height, width, 3) RGB bytes. */
    public val scaled: ByteArray = ByteArray(3 * input.width * input.height)

    /** The last tensor; see [TensorWriter.tensor]. */
    public val tensor: ByteBuffer get() = writer.tensor

    /**
     * Prepares one picture.
     *
     * @param frame the camera's picture.
     * @param box of a face in the upright picture (mirrored, if the contract mirrors), before the margin; null: the whole
     *   picture, without margin.
     * @return [tensor], from position 0 to its capacity; overwritten by the next call.
     * @throws FrameException a box that is empty inside the picture or none at all, or a frame that holds no picture.
     */
    public fun prepare(
        frame: CameraFrame,
        box: FaceBox? = null,
    ): ByteBuffer {
        scaler.scale(frame, box, margin, mirror, scaled)
        return writer.write(scaled)
    }
}
