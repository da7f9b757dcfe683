package com.google.mlkit.vision.common;

import android.graphics.Bitmap;

/** What the adapter calls of ML Kit's class of this name. */
public class InputImage {
    private final Bitmap bitmap;

    private InputImage(Bitmap bitmap) {
        this.bitmap = bitmap;
    }

    public static InputImage fromBitmap(Bitmap bitmap, int rotationDegrees) {
        return new InputImage(bitmap);
    }

    public int getWidth() {
        return bitmap.getWidth();
    }
}
