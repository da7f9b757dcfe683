package io.github.feredge.app.faces

import android.graphics.Bitmap
import io.github.feredge.android.faces.FaceFinder
import io.github.feredge.android.faces.FaceGeometry
import io.github.feredge.app.camera.Picture
import io.github.feredge.core.camera.FaceBox

/** Finds the faces of a camera picture. Called on one thread. */
fun interface PictureFaces {
    /**
     * Faces, largest first.
     *
     * @param picture as the camera gave it.
     * @param upright the same picture upright (and mirrored, if [isMirrored]), ARGB_8888.
     * @param isMirrored as the contract says.
     * @return boxes in pixels of [upright].
     */
    fun find(
        picture: Picture,
        upright: Bitmap,
        isMirrored: Boolean,
    ): List<FaceBox>
}

/** The camera's own faces where it looks for them, else those of [fallback]. */
class SensorFaces(
    private val fallback: FaceFinder,
) : PictureFaces {
    override fun find(
        picture: Picture,
        upright: Bitmap,
        isMirrored: Boolean,
    ): List<FaceBox> {
        val found = picture.sensorFaces ?: return fallback.find(upright)
        return found
            .map { it.upright(picture.width, picture.height, picture.rotation, isMirrored) }
            .filter { FaceGeometry.isInside(it, upright.width, upright.height) }
            .sortedByDescending(FaceGeometry::area)
    }
}
