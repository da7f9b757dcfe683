package io.github.feredge.android.faces

import android.graphics.Bitmap
import io.github.feredge.core.camera.FaceBox

/** Finds faces; put another detector behind this interface. Called on one thread. */
public fun interface FaceFinder {
    /**
     * Faces, largest first.
     *
     * @param upright the picture upright (and mirrored, if the contract says so), ARGB_8888.
     * @return boxes in pixels of [upright].
     */
    public fun find(upright: Bitmap): List<FaceBox>
}
