package com.example.app

import android.content.Context
import android.graphics.BitmapFactory
import android.media.ExifInterface
import io.github.feredge.android.FerEdge

/** Emotions in pictures' files; not on the main thread. */
class FileEmotions(private val context: Context) {
    private val fer by lazy { FerEdge.create(context, "bundle") }

    /** Of the largest face, by label; null: no face. */
    fun analyze(path: String): Map<String, Double>? {
        val bitmap = requireNotNull(BitmapFactory.decodeFile(path)) { "$path is no picture that Android reads" }
        val degrees =
            when (ExifInterface(path).getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)) {
                ExifInterface.ORIENTATION_ROTATE_90 -> 90
                ExifInterface.ORIENTATION_ROTATE_180 -> 180
                ExifInterface.ORIENTATION_ROTATE_270 -> 270
                else -> 0
            }
        val face = fer.analyze(bitmap, degrees).face ?: return null
        return face.top(face.labels.size).associate { it.label to it.probability.toDouble() }
    }
}
