package com.google.mlkit.vision.face;

import android.graphics.Rect;

/** What the adapter calls of ML Kit's class of this name. */
public class Face {
    private final Rect box;

    public Face(Rect box) {
        this.box = box;
    }

    public Rect getBoundingBox() {
        return box;
    }
}
