package io.github.feredge.app.camera

/**
 * A picture and what the camera found in that same picture.
 *
 * @property image to be closed.
 * @property faces null: the camera told nothing about this picture.
 */
class PairedFrame(
    val image: CameraImage,
    val faces: List<SensorFace>?,
)

/**
 * Brings pictures and faces of one sensor timestamp together, whichever comes first. Free of Android; for one thread.
 *
 * Pairs come in the order of time. A picture waits until [MOST_WAITING] newer ones are there, so that one whose faces are lost is
 * not lost with them.
 *
 * @param hasFaces whether faces are to be expected at all; without, every picture is a pair at once.
 */
class FramePairing(
    private val hasFaces: Boolean,
) {
    private val images = ArrayDeque<CameraImage>()
    private val faces = LinkedHashMap<Long, List<SensorFace>>()

    /** Takes a picture; what it completes is returned, oldest first. */
    fun onImage(image: CameraImage): List<PairedFrame> {
        images.addLast(image)
        return ready()
    }

    /** Takes faces; what they complete is returned, oldest first. */
    fun onFaces(
        timestampNanos: Long,
        found: List<SensorFace>,
    ): List<PairedFrame> {
        faces[timestampNanos] = found
        while (faces.size > MOST_FACES) faces.remove(faces.keys.first())
        return ready()
    }

    /** Closes what waits. */
    fun clear() {
        images.forEach { it.close() }
        images.clear()
        faces.clear()
    }

    private fun ready(): List<PairedFrame> {
        val pairs = ArrayList<PairedFrame>()
        // What is behind a complete picture will not be completed any more: results come in order.
        val last = images.indexOfLast { !hasFaces || it.timestampNanos in faces }
        while (pairs.size <= last || images.size > MOST_WAITING) {
            val image = images.removeFirst()
            pairs.add(PairedFrame(image, faces.remove(image.timestampNanos)))
        }
        return pairs
    }

    private companion object {
        const val MOST_WAITING = 2
        const val MOST_FACES = 16
    }
}
